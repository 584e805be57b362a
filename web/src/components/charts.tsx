import * as Plot from "@observablehq/plot";
import { compareText, conversionOf, sumByPromotion, type PromotionSum, type Row } from "../dataset";
import { compact, count, counted, fit, isolate, percent, plain, shortCount, shortPercent } from "../format";
import { textWidth } from "../text_width";
import { chosenRows, chosenTotals, date, top } from "../view";
import { PlotFigure } from "./plot_figure";

/** Days that the first chart tells apart by colour; the table has every day. */
const CHART_DATES = 4;
const DATE_COLORS = ["d1", "d2", "d3", "d4"] as const;
/** Thickness of a horizontal bar: as much as the height allows. */
const BAR_MIN = 15;
const BAR_MAX = 30;
/** Both charts are at least so high, thin bars at least as high as is comfortable; the second at most. */
const MIN_HEIGHT = 280;
const COMFORTABLE_HEIGHT = 340;
const MAX_VOLUME_HEIGHT = 760;
const NARROW_VOLUME_HEIGHT = 380;
/** Axis labels and margins around the horizontal bars. */
const CONVERSION_FRAME = 32;
const CONVERSION_TOP = 4;
const GROUP_GAP = 9;
/** The narrowest place for one promotion's two columns. */
const PLACE_MIN = 32;
const PLACE_MAX = 110;
const MARGIN_RIGHT = 4;
/** Below this width the columns' labels stand for the axis. */
const NARROW = 420;
/** Part of a promotion's place that stays empty. */
const PLACE_PADDING = 0.16;
const COLUMN_LABEL_HEIGHT = 12;

const colorOf = (name: string) => `var(--${name})`;

function shownOf(shown: number, all: number): string {
  return shown >= all ? (all === 1 ? "The only promotion" : `All ${count(all)} promotions`) : `The ${count(shown)} of ${count(all)} promotions with the most clicks`;
}

/** A bar, and from where to where it reaches downwards in pixels; `percent` is null without clicks. */
interface Bar extends Row {
  readonly percent: number | null;
  readonly y1: number;
  readonly y2: number;
}

interface Layout {
  readonly bars: readonly Bar[];
  /** Middle of each promotion's bars. */
  readonly names: readonly { promotion: string; y: number }[];
  readonly height: number;
}

/** Each promotion's bars below each other, newest day first; short lists get thicker bars. */
function layOut(rows: readonly Row[], names: readonly string[], dates: readonly string[]): Layout {
  const byName = new Map<string, Row[]>(names.map((name) => [name, []]));
  for (const row of rows) {
    if (dates.includes(row.date)) {
      byName.get(row.promotion)?.push(row);
    }
  }
  const groups = [...byName].filter(([, list]) => list.length > 0);
  const slots = groups.reduce((sum, [, list]) => sum + list.length, 0);
  const room = (COMFORTABLE_HEIGHT - CONVERSION_FRAME - groups.length * GROUP_GAP) / Math.max(1, slots);
  const thickness = Math.min(BAR_MAX, Math.max(BAR_MIN, Math.floor(room)));
  const bars: Bar[] = [];
  const middles: { promotion: string; y: number }[] = [];
  let at = GROUP_GAP / 2;
  for (const [promotion, list] of groups) {
    list.sort((a, b) => compareText(b.date, a.date));
    middles.push({ promotion, y: at + (list.length * thickness) / 2 });
    for (const row of list) {
      bars.push({ ...row, percent: conversionOf(row.orders, row.clicks), y1: at, y2: at + thickness - 1 });
      at += thickness;
    }
    at += GROUP_GAP;
  }
  return { bars, names: middles, height: Math.max(MIN_HEIGHT, at - GROUP_GAP / 2 + CONVERSION_FRAME) };
}

interface ChartProps {
  readonly rows: readonly Row[];
  readonly names: readonly string[];
  /** How many promotions there are beyond those shown. */
  readonly all: number;
}

function ConversionChart({ layout, dates, names, all }: Omit<ChartProps, "rows"> & { layout: Layout; dates: readonly string[] }) {
  const { bars, height } = layout;
  const drawn = bars.filter((bar) => bar.percent !== null);
  const best = drawn.reduce<Bar | null>((a, b) => (a === null || (b.percent ?? 0) > (a.percent ?? 0) ? b : a), null);
  const days = dates.length === 1 ? `on ${dates[0]}` : `by date`;
  const summary =
    best === null
      ? "Bar chart of orders per 100 clicks. No promotion has clicks."
      : `Bar chart of orders per 100 clicks for ${counted(names.length, "promotion")} ${days}. Highest: ${isolate(best.promotion)} on ${best.date} with ${percent(best.percent)}. The table below has every number.`;
  const most = best?.percent ?? 0;
  const middle = (bar: Bar) => (bar.y1 + bar.y2) / 2;
  const options = (width: number): Plot.PlotOptions => {
    const nameLimit = Math.min(190, width * 0.32);
    const label = (name: string) => fit(plain(name), nameLimit, textWidth);
    const nameWidth = Math.max(24, ...layout.names.map((name) => textWidth(label(name.promotion))));
    const ticks = Math.max(2, Math.floor(width / 120));
    return {
      width,
      height,
      marginLeft: Math.ceil(nameWidth) + 12,
      marginRight: 54,
      marginTop: CONVERSION_TOP,
      marginBottom: CONVERSION_FRAME - CONVERSION_TOP,
      x: { domain: [0, most > 0 ? most * 1.02 : 1], label: null, ticks, tickSize: 0, tickPadding: 8, tickFormat: (value: number) => `${value} %` },
      // One unit is one pixel, from the top.
      y: { domain: [height - CONVERSION_FRAME, 0], axis: null },
      color: { domain: dates, range: DATE_COLORS.map(colorOf) },
      marks: [
        Plot.gridX({ ticks }),
        Plot.rect(drawn, {
          x1: 0,
          x2: "percent",
          y1: "y1",
          y2: "y2",
          fill: "date",
          rx2: 3,
          title: (bar: Bar) => `${isolate(bar.promotion)}, ${bar.date}: ${percent(bar.percent)} (${count(bar.orders)} orders, ${count(bar.clicks)} clicks)`,
        }),
        Plot.text(bars, { x: (bar: Bar) => bar.percent ?? 0, y: middle, text: (bar: Bar) => (bar.percent === null ? "no clicks" : shortPercent(bar.percent)), dx: 6, textAnchor: "start", className: "bar-label" }),
        Plot.text(layout.names, { x: 0, y: "y", text: (name: { promotion: string }) => label(name.promotion), dx: -8, textAnchor: "end" }),
        Plot.ruleX([0], { className: "base-line" }),
      ],
    };
  };
  return (
    <PlotFigure
      title="Conversion by promotion"
      summary={summary}
      caption={`${shownOf(names.length, all)}${dates.length === CHART_DATES ? `, newest ${CHART_DATES} days` : ""}. Orders per 100 clicks.`}
      legend={dates.map((day, index) => ({ label: day, color: DATE_COLORS[index] ?? "d1" }))}
      options={options}
    />
  );
}

/** A column, from where to where it reaches in pixels, and its label. */
interface Column {
  readonly promotion: string;
  readonly measure: "Clicks" | "Orders";
  readonly value: number;
  readonly label: string;
  readonly x1: number;
  readonly x2: number;
}

/** Two columns for each promotion. Where the two labels would touch, the taller column's stays. */
function columnsOf(sums: readonly PromotionSum[], place: number, height: number): Column[] {
  const width = (place * (1 - PLACE_PADDING)) / 2;
  const write = sums.every((sum) => textWidth(shortCount(sum.clicks)) < place - 4) ? shortCount : compact;
  const most = mostOf(sums);
  return sums.flatMap((sum, index) => {
    const clicks = write(sum.clicks);
    const orders = write(sum.orders);
    const apart = (Math.abs(sum.clicks - sum.orders) / most) * height >= COLUMN_LABEL_HEIGHT;
    const both = apart || (textWidth(clicks) + textWidth(orders)) / 2 < width;
    const x = (index + PLACE_PADDING / 2) * place;
    const promotion = sum.promotion;
    return [
      { promotion, measure: "Clicks" as const, value: sum.clicks, label: both || sum.clicks >= sum.orders ? clicks : "", x1: x, x2: x + width - 1 },
      { promotion, measure: "Orders" as const, value: sum.orders, label: both || sum.orders > sum.clicks ? orders : "", x1: x + width, x2: x + 2 * width - 1 },
    ];
  });
}

function mostOf(sums: readonly PromotionSum[]): number {
  return Math.max(1, ...sums.map((sum) => Math.max(sum.clicks, sum.orders)));
}

function VolumeChart({ rows, names, all, height }: ChartProps & { height: number }) {
  const wanted = new Set(names);
  const sums = sumByPromotion(rows).filter((sum) => wanted.has(sum.promotion));
  const first = sums[0];
  const summary =
    first === undefined
      ? "Bar chart of clicks and orders. There are none."
      : `Bar chart of clicks and orders for ${counted(names.length, "promotion")}. Most clicks: ${isolate(first.promotion)} with ${count(first.clicks)} clicks and ${count(first.orders)} orders. The table below has every number.`;
  const options = (width: number): Plot.PlotOptions => {
    const narrow = width < NARROW;
    const drawnHeight = narrow ? Math.min(height, NARROW_VOLUME_HEIGHT) : height;
    const marginLeft = narrow ? 16 : 46;
    const drawn = Math.max(width, marginLeft + MARGIN_RIGHT + names.length * PLACE_MIN);
    const inner = drawn - marginLeft - MARGIN_RIGHT;
    const place = Math.min(PLACE_MAX, inner / Math.max(1, sums.length));
    const upright = sums.every((sum) => textWidth(plain(sum.promotion)) <= place - 4);
    // Turned by 40 degrees; the first name must not leave the picture on the left.
    const nameLimit = upright ? place : Math.max(56, Math.min(110, (marginLeft + place / 2) / 0.77));
    const label = (sum: PromotionSum) => fit(plain(sum.promotion), nameLimit, textWidth);
    const nameWidth = Math.max(0, ...sums.map((sum) => textWidth(label(sum))));
    const columns = columnsOf(sums, place, drawnHeight - 100);
    const most = mostOf(sums);
    const ticks = Math.min(5, most);
    return {
      width: drawn,
      height: drawnHeight,
      marginLeft,
      marginRight: MARGIN_RIGHT,
      marginTop: 18,
      marginBottom: upright ? 26 : Math.ceil(nameWidth * 0.65) + 22,
      // One unit is one pixel, from the left.
      x: { domain: [0, inner], axis: null },
      y: { domain: [0, most], axis: narrow ? null : "left", label: null, ticks, tickSize: 0, tickPadding: 8, tickFormat: compact },
      color: { domain: ["Clicks", "Orders"], range: [colorOf("c1"), colorOf("c2")] },
      marks: [
        Plot.gridY({ ticks }),
        Plot.rect(columns, {
          x1: "x1",
          x2: "x2",
          y1: 0,
          y2: "value",
          fill: "measure",
          ry2: 3,
          title: (column: Column) => `${isolate(column.promotion)}: ${count(column.value)} ${column.measure.toLowerCase()}`,
        }),
        Plot.text(columns, { x: (column: Column) => (column.x1 + column.x2) / 2, y: "value", text: "label", dy: -9, className: "bar-label small" }),
        Plot.text(sums, {
          x: (_: PromotionSum, index: number) => (index + 0.5) * place,
          y: () => 0,
          text: label,
          rotate: upright ? 0 : -40,
          textAnchor: upright ? "middle" : "end",
          dx: upright ? 0 : 4,
          dy: upright ? 14 : 11,
        }),
        Plot.ruleY([0], { className: "base-line" }),
      ],
    };
  };
  return (
    <PlotFigure
      title="Clicks and orders by promotion"
      summary={summary}
      caption={`${shownOf(names.length, all)}${date.value === "" ? ", all dates together" : `, ${date.value}`}.`}
      legend={[
        { label: "Clicks", color: "c1" },
        { label: "Orders", color: "c2" },
      ]}
      options={options}
    />
  );
}

export function Charts() {
  const rows = chosenRows.value;
  const names = sumByPromotion(rows)
    .slice(0, top.value)
    .map((sum) => sum.promotion);
  const all = Math.max(chosenTotals.value?.promotions ?? 0, names.length);
  const dates = [...new Set(rows.map((row) => row.date))].sort(compareText).reverse().slice(0, CHART_DATES);
  const layout = layOut(rows, names, dates);
  const shared = { names, all };
  return (
    <div class={layout.height > MAX_VOLUME_HEIGHT ? "charts uneven" : "charts"}>
      <ConversionChart {...shared} dates={dates} layout={layout} />
      <VolumeChart {...shared} rows={rows} height={Math.min(layout.height, MAX_VOLUME_HEIGHT)} />
    </div>
  );
}
