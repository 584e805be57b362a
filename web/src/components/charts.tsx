import * as Plot from "@observablehq/plot";
import { compareText, conversionOf, sumByPromotion, type Row } from "../dataset";
import { compact, count, percent, shorten } from "../format";
import { chosenRows, chosenTotals, date, top } from "../view";
import { PlotFigure } from "./plot_figure";

/** Days that the first chart tells apart by colour; the table has every day. */
const CHART_DATES = 4;
const NAME_LETTERS = 16;
const BAR_HEIGHT = 17;
const COLUMN_WIDTH = 44;
const DATE_COLORS = ["c1", "c2", "c3", "c4"] as const;

const colorOf = (name: string) => `var(--${name})`;

function shownOf(shown: number, all: number): string {
  return shown >= all ? `All ${count(all)} promotions` : `The ${count(shown)} of ${count(all)} promotions with the most clicks`;
}

function ConversionChart({ rows, names, all }: { rows: readonly Row[]; names: readonly string[]; all: number }) {
  const dates = [...new Set(rows.map((row) => row.date))].sort(compareText).reverse().slice(0, CHART_DATES);
  const wanted = new Set(names);
  const bars = rows
    .filter((row) => wanted.has(row.promotion) && dates.includes(row.date) && row.clicks > 0)
    .map((row) => ({ ...row, percent: conversionOf(row.orders, row.clicks) ?? 0 }));
  const best = bars.reduce<(typeof bars)[number] | null>((a, b) => (a === null || b.percent > a.percent ? b : a), null);
  const days = dates.length === 1 ? `on ${dates[0]}` : `by date`;
  const summary =
    best === null
      ? "Bar chart of orders per 100 clicks. No promotion has clicks."
      : `Bar chart of orders per 100 clicks for ${names.length} promotions ${days}. Highest: ${best.promotion} on ${best.date} with ${percent(best.percent)}. The table below has every number.`;
  const most = Math.max(0, ...bars.map((bar) => bar.percent));
  return (
    <PlotFigure
      title="Conversion by promotion"
      summary={summary}
      caption={`${shownOf(names.length, all)}${dates.length === CHART_DATES ? `, newest ${CHART_DATES} days` : ""}. Orders per 100 clicks; a promotion without clicks has no bar.`}
      legend={dates.map((day, index) => ({ label: day, color: DATE_COLORS[index] ?? "c1" }))}
      options={(width) => ({
        width,
        height: 34 + names.length * (dates.length * BAR_HEIGHT + 8),
        marginLeft: 118,
        marginRight: 58,
        marginTop: 6,
        marginBottom: 28,
        x: { domain: [0, most > 0 ? most * 1.02 : 1], grid: true, label: null, ticks: Math.max(2, Math.floor(width / 110)), tickFormat: (value: number) => `${value} %` },
        y: { domain: dates, axis: null, padding: 0.12 },
        fy: { domain: [...names], label: null, padding: 0.16, tickFormat: (name: string) => shorten(name, NAME_LETTERS) },
        color: { domain: dates, range: DATE_COLORS.map(colorOf) },
        marks: [
          Plot.barX(bars, {
            x: "percent",
            y: "date",
            fy: "promotion",
            fill: "date",
            rx: 2,
            title: (bar: (typeof bars)[number]) => `${bar.promotion}, ${bar.date}: ${percent(bar.percent)} (${count(bar.orders)} orders, ${count(bar.clicks)} clicks)`,
          }),
          Plot.text(bars, { x: "percent", y: "date", fy: "promotion", text: (bar: (typeof bars)[number]) => percent(bar.percent), dx: 5, textAnchor: "start", className: "bar-label" }),
          Plot.ruleX([0], { className: "base-line" }),
        ],
      })}
    />
  );
}

function VolumeChart({ rows, names, all }: { rows: readonly Row[]; names: readonly string[]; all: number }) {
  const wanted = new Set(names);
  const sums = sumByPromotion(rows).filter((sum) => wanted.has(sum.promotion));
  const bars = sums.flatMap((sum) => [
    { promotion: sum.promotion, measure: "Clicks", value: sum.clicks },
    { promotion: sum.promotion, measure: "Orders", value: sum.orders },
  ]);
  const first = sums[0];
  const summary =
    first === undefined
      ? "Bar chart of clicks and orders. There are none."
      : `Bar chart of clicks and orders for ${names.length} promotions. Most clicks: ${first.promotion} with ${count(first.clicks)} clicks and ${count(first.orders)} orders. The table below has every number.`;
  return (
    <PlotFigure
      title="Clicks and orders by promotion"
      summary={summary}
      caption={`${shownOf(names.length, all)}${date.value === "" ? ", all dates together" : `, ${date.value}`}.`}
      legend={[
        { label: "Clicks", color: "c1" },
        { label: "Orders", color: "c2" },
      ]}
      options={(width) => ({
        width: Math.max(width, 48 + names.length * COLUMN_WIDTH),
        height: 454,
        marginLeft: 48,
        marginRight: 6,
        marginTop: 18,
        marginBottom: 74,
        x: { domain: ["Clicks", "Orders"], axis: null, padding: 0.06 },
        y: { grid: true, label: null, ticks: 6, tickFormat: compact },
        fx: { domain: sums.map((sum) => sum.promotion), label: null, padding: 0.18, axis: null },
        color: { domain: ["Clicks", "Orders"], range: [colorOf("c1"), colorOf("c2")] },
        marks: [
          Plot.axisFx({ anchor: "bottom", label: null, tickRotate: -40, tickFormat: (name: string) => shorten(name, 12), tickSize: 0 }),
          Plot.barY(bars, {
            x: "measure",
            y: "value",
            fx: "promotion",
            fill: "measure",
            rx: 2,
            title: (bar: (typeof bars)[number]) => `${bar.promotion}: ${count(bar.value)} ${bar.measure.toLowerCase()}`,
          }),
          Plot.text(bars, { x: "measure", y: "value", fx: "promotion", text: (bar: (typeof bars)[number]) => compact(bar.value), dy: -7, className: "bar-label small" }),
          Plot.ruleY([0], { className: "base-line" }),
        ],
      })}
    />
  );
}

export function Charts() {
  const rows = chosenRows.value;
  const names = sumByPromotion(rows)
    .slice(0, top.value)
    .map((sum) => sum.promotion);
  const all = Math.max(chosenTotals.value?.promotions ?? 0, names.length);
  return (
    <div class="charts">
      <ConversionChart rows={rows} names={names} all={all} />
      <VolumeChart rows={rows} names={names} all={all} />
    </div>
  );
}
