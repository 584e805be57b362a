import { sortRows, type Row, type SortKey } from "../dataset";
import { count, counted, money, percent, plain } from "../format";
import { dataset } from "../live";
import { PAGE_ROWS, chosenRows, descending, page, search, sortBy, sortKey } from "../view";

export const SEARCH_ID = "search";

interface ColumnSpec {
  readonly key: SortKey;
  readonly label: string;
  readonly text: (row: Row) => string;
}

const COLUMNS: readonly ColumnSpec[] = [
  { key: "clicks", label: "Clicks", text: (row) => count(row.clicks) },
  { key: "orders", label: "Orders", text: (row) => count(row.orders) },
  { key: "conversion", label: "Conversion", text: (row) => percent(row.conversion) },
  { key: "lines", label: "Lines", text: (row) => count(row.lines) },
  { key: "units", label: "Units", text: (row) => count(row.units) },
  { key: "revenue", label: "Revenue", text: (row) => money(row.revenue) },
];

function SortHeader({ name, label, numeric }: { name: SortKey; label: string; numeric: boolean }) {
  const active = sortKey.value === name;
  const order = !active ? "none" : descending.value ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={order} class={numeric ? "number" : undefined}>
      <button type="button" class="sort" onClick={() => sortBy(name)}>
        {label}
        <span class="arrow" aria-hidden="true">
          {!active ? "↕" : descending.value ? "↓" : "↑"}
        </span>
      </button>
    </th>
  );
}

function Line({ row }: { row: Row }) {
  return (
    <tr data-testid="row" data-date={row.date} data-promotion={row.promotion}>
      <th scope="row" title={plain(row.promotion)}>
        <bdi class="name">{plain(row.promotion)}</bdi>
      </th>
      <td>{row.date}</td>
      {COLUMNS.map((column) => {
        const value = row[column.key];
        return (
          <td class={value === 0 || value === null ? "number nought" : "number"} key={column.key}>
            <data value={value === null ? "" : String(value)} data-column={column.key}>
              {column.text(row)}
            </data>
          </td>
        );
      })}
    </tr>
  );
}

function Pager({ rows, pages }: { rows: number; pages: number }) {
  const at = Math.min(page.value, pages - 1);
  const first = at * PAGE_ROWS;
  return (
    <nav class="pager" aria-label="Pages of the table">
      <button type="button" disabled={at === 0} onClick={() => (page.value = at - 1)}>
        Previous
      </button>
      <span>{`${count(first + 1)}–${count(Math.min(rows, first + PAGE_ROWS))} of ${counted(rows, "row")}`}</span>
      <button type="button" disabled={at >= pages - 1} onClick={() => (page.value = at + 1)}>
        Next
      </button>
    </nav>
  );
}

export function PromotionTable() {
  const needle = search.value.trim().toLowerCase();
  const all = chosenRows.value;
  const found = needle === "" ? all : all.filter((row) => row.promotion.toLowerCase().includes(needle));
  const sorted = sortRows(found, sortKey.value, descending.value);
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE_ROWS));
  const first = Math.min(page.value, pages - 1) * PAGE_ROWS;
  const sent = dataset.value?.rows.length ?? 0;
  const total = dataset.value?.totalRows ?? 0;
  return (
    <section class="card table-card" aria-labelledby="table-title">
      <div class="table-head">
        <h2 id="table-title">All figures</h2>
        <label class="search">
          <span class="visually-hidden">Search promotions</span>
          <input
            id={SEARCH_ID}
            type="search"
            placeholder="Search promotions"
            autocomplete="off"
            value={search.value}
            onInput={(event) => {
              search.value = event.currentTarget.value;
              page.value = 0;
            }}
          />
        </label>
      </div>
      <p class="hint" id="table-note">
        {`By promotion and date; conversion is orders per 100 clicks. `}
        {sent < total
          ? `The ${count(sent)} of ${count(total)} rows with the most clicks; the totals above cover all of them.`
          : `${counted(total, "row")}.`}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="table-title">
        <table aria-labelledby="table-title" aria-describedby="table-note">
          <thead>
            <tr>
              <SortHeader name="promotion" label="Promotion" numeric={false} />
              <SortHeader name="date" label="Date" numeric={false} />
              {COLUMNS.map((column) => (
                <SortHeader key={column.key} name={column.key} label={column.label} numeric />
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(first, first + PAGE_ROWS).map((row) => (
              <Line key={`${row.date}\n${row.promotion}`} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length === 0 ? <p class="none">No promotion matches.</p> : pages > 1 && <Pager rows={sorted.length} pages={pages} />}
    </section>
  );
}
