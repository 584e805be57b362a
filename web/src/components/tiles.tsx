import { conversionOf } from "../dataset";
import { count, counted, money, percent } from "../format";
import { chosenTotals } from "../view";

export function Tiles() {
  const totals = chosenTotals.value;
  if (totals === null) {
    return null;
  }
  const tiles = [
    {
      name: "conversion",
      label: "Conversion",
      value: conversionOf(totals.orders, totals.clicks),
      text: percent(conversionOf(totals.orders, totals.clicks)),
      hint: "orders per 100 clicks",
    },
    { name: "clicks", label: "Clicks", value: totals.clicks, text: count(totals.clicks), hint: `on ${counted(totals.promotions, "promotion")}` },
    { name: "orders", label: "Orders", value: totals.orders, text: count(totals.orders), hint: counted(totals.lines, "line") },
    { name: "units", label: "Units", value: totals.units, text: count(totals.units), hint: "sum of quantities" },
    { name: "revenue", label: "Revenue", value: totals.revenue, text: money(totals.revenue), hint: "price × quantity" },
  ];
  return (
    <dl class="tiles" aria-label="Totals">
      {tiles.map((tile) => (
        <div class={`card tile ${tile.name === "conversion" ? "lead" : ""}`} key={tile.name}>
          <dt>{tile.label}</dt>
          <dd class="figure">
            <data value={tile.value === null ? "" : String(tile.value)} data-testid={`total-${tile.name}`}>
              {tile.text}
            </data>
          </dd>
          <dd class="hint">{tile.hint}</dd>
        </div>
      ))}
    </dl>
  );
}
