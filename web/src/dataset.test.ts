import { describe, expect, it } from "vitest";
import { conversionOf, parseDataset, sortRows, sumByPromotion, type Row } from "./dataset";
import { age, count, fit, percent, plain, shortCount, shortPercent } from "./format";

function row(promotion: string, clicks: number, orders: number, conversion: number | null, date = "2026-11-22"): Row {
  return { date, promotion, clicks, orders, conversion, lines: 0, units: 0, revenue: 0 };
}

describe("dataset", () => {
  it("keeps missing values missing", () => {
    const data = parseDataset({
      sequence: 3,
      as_of_millis: null,
      now_millis: 5,
      totals: { promotions: 1, clicks: 0, orders: 2 },
      by_date: [{ date: "2026-11-22", clicks: 0 }],
      rows: [{ date: "2026-11-22", promotion: "<b>", clicks: 0, orders: 2, conversion: null }],
      total_rows: 1,
    });
    expect(data.asOfMillis).toBeNull();
    expect(data.rows[0]?.conversion).toBeNull();
    expect(data.rows[0]?.promotion).toBe("<b>");
    expect(data.byDate[0]?.date).toBe("2026-11-22");
  });

  it("refuses what is no dataset", () => {
    expect(() => parseDataset({ error: "x" })).toThrow();
    expect(() => parseDataset(null)).toThrow();
  });

  it("divides sums by sums and never by zero", () => {
    expect(conversionOf(3, 200)).toBe(1.5);
    expect(conversionOf(3, 0)).toBeNull();
  });

  it("sums by promotion, most clicks first", () => {
    const sums = sumByPromotion([row("a", 1, 1, 100), row("b", 5, 1, 20), row("a", 7, 2, 28, "2026-11-21")]);
    expect(sums).toEqual([
      { promotion: "a", clicks: 8, orders: 3 },
      { promotion: "b", clicks: 5, orders: 1 },
    ]);
  });

  it("sorts with missing values last in both directions", () => {
    const rows = [row("a", 1, 1, null), row("b", 1, 1, 2), row("c", 1, 1, 9)];
    expect(sortRows(rows, "conversion", true).map((r) => r.promotion)).toEqual(["c", "b", "a"]);
    expect(sortRows(rows, "conversion", false).map((r) => r.promotion)).toEqual(["b", "c", "a"]);
  });
});

describe("format", () => {
  it("writes numbers and ages", () => {
    expect(count(1234567)).toBe("1,234,567");
    expect(percent(null)).toBe("–");
    expect(percent(4.2)).toBe("4.20 %");
    expect(age(420)).toBe("0.4 s");
    expect(age(42_000)).toBe("42 s");
    expect(age(600_000)).toBe("10 min");
  });

  it("writes chart labels with about three digits", () => {
    expect([0, 0.84, 9.99, 9.996, 12.44, 100, 250.4].map(shortPercent)).toEqual(
      ["0 %", "0.84 %", "9.99 %", "10.0 %", "12.4 %", "100 %", "250 %"]);
    expect(shortCount(9999)).toBe("9,999");
    expect(shortCount(12_345)).toBe("12.3K");
  });

  it("shows hostile names on one line, cut to the width", () => {
    expect(plain("a\nb\u202Ec")).toBe("a\uFFFDb\uFFFDc");
    expect(plain("<b>🎉 عرض")).toBe("<b>🎉 عرض");
    expect(fit("abcdef", 4, (text) => text.length)).toBe("abc…");
    expect(fit("🎉🎉🎉", 2, (text) => [...text].length)).toBe("🎉…");
  });
});
