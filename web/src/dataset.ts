/** What GET /v1/dashboards/conversion answers, and the sums that the page draws from it. */

export interface Row {
  readonly date: string;
  readonly promotion: string;
  readonly clicks: number;
  readonly orders: number;
  /** Orders per 100 clicks; null where there are no clicks. */
  readonly conversion: number | null;
  readonly lines: number;
  readonly units: number;
  readonly revenue: number;
}

export interface Totals {
  readonly promotions: number;
  readonly clicks: number;
  readonly orders: number;
  readonly lines: number;
  readonly units: number;
  readonly revenue: number;
}

export interface DateTotals extends Totals {
  readonly date: string;
}

export interface Dataset {
  readonly sequence: number;
  /** Arrival of the newest input that the figures contain; null before the first. */
  readonly asOfMillis: number | null;
  readonly nowMillis: number;
  /** Over every row, also over those that `rows` leaves out. */
  readonly totals: Totals;
  readonly byDate: readonly DateTotals[];
  /** The rows with the most clicks, at most as many as the server sends. */
  readonly rows: readonly Row[];
  readonly totalRows: number;
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function nullableOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function totalsOf(value: unknown): Totals {
  const from = objectOf(value);
  return {
    promotions: numberOf(from["promotions"]),
    clicks: numberOf(from["clicks"]),
    orders: numberOf(from["orders"]),
    lines: numberOf(from["lines"]),
    units: numberOf(from["units"]),
    revenue: numberOf(from["revenue"]),
  };
}

/** Reads the answer; throws when it is not one. */
export function parseDataset(json: unknown): Dataset {
  const from = objectOf(json);
  if (!Array.isArray(from["rows"])) {
    throw new Error("the answer holds no rows");
  }
  return {
    sequence: numberOf(from["sequence"]),
    asOfMillis: nullableOf(from["as_of_millis"]),
    nowMillis: numberOf(from["now_millis"]),
    totals: totalsOf(from["totals"]),
    byDate: listOf(from["by_date"]).map((entry) => ({
      date: String(objectOf(entry)["date"] ?? ""),
      ...totalsOf(entry),
    })),
    rows: from["rows"].map((entry: unknown) => {
      const row = objectOf(entry);
      return {
        date: String(row["date"] ?? ""),
        promotion: String(row["promotion"] ?? ""),
        clicks: numberOf(row["clicks"]),
        orders: numberOf(row["orders"]),
        conversion: nullableOf(row["conversion"]),
        lines: numberOf(row["lines"]),
        units: numberOf(row["units"]),
        revenue: numberOf(row["revenue"]),
      };
    }),
    totalRows: numberOf(from["total_rows"]),
  };
}

/** Orders per 100 clicks: sum over sum, never a mean of ratios; null without clicks. */
export function conversionOf(orders: number, clicks: number): number | null {
  return clicks > 0 ? (orders * 100) / clicks : null;
}

export interface PromotionSum {
  readonly promotion: string;
  readonly clicks: number;
  readonly orders: number;
}

/** Sums by promotion over `rows`, most clicks first, then by name. */
export function sumByPromotion(rows: readonly Row[]): PromotionSum[] {
  const sums = new Map<string, { promotion: string; clicks: number; orders: number }>();
  for (const row of rows) {
    const sum = sums.get(row.promotion) ?? { promotion: row.promotion, clicks: 0, orders: 0 };
    sum.clicks += row.clicks;
    sum.orders += row.orders;
    sums.set(row.promotion, sum);
  }
  return [...sums.values()].sort(
    (a, b) => b.clicks - a.clicks || b.orders - a.orders || compareText(a.promotion, b.promotion),
  );
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export type SortKey = keyof Row;

/** Sorted copy; rows without a value come last either way. */
export function sortRows(rows: readonly Row[], key: SortKey, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = a[key];
    const right = b[key];
    if (left === null || right === null) {
      return left === right ? 0 : left === null ? 1 : -1;
    }
    const order =
      typeof left === "string" ? compareText(left, String(right)) : left - Number(right);
    return sign * order || compareText(b.date, a.date) || compareText(a.promotion, b.promotion);
  });
}
