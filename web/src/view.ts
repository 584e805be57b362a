/** What the reader chose to see. */

import { computed, signal } from "@preact/signals";
import type { Row, SortKey, Totals } from "./dataset";
import { dataset } from "./live";

export type Theme = "auto" | "light" | "dark";

const THEME_KEY = "weir.theme";
export const TOP_CHOICES = [10, 20, 50] as const;
export const PAGE_ROWS = 25;

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return stored === "light" || stored === "dark" ? stored : "auto";
  } catch {
    return "auto";
  }
}

export const theme = signal<Theme>(storedTheme());
/** "" for all dates. */
export const date = signal("");
export const top = signal<number>(TOP_CHOICES[0]);
export const search = signal("");
export const sortKey = signal<SortKey>("clicks");
export const descending = signal(true);
export const page = signal(0);
export const helpOpen = signal(false);

/** Rows of the chosen date. */
export const chosenRows = computed<readonly Row[]>(() => {
  const rows = dataset.value?.rows ?? [];
  return date.value === "" ? rows : rows.filter((row) => row.date === date.value);
});

/** Sums of the chosen date, over all rows that the server has. */
export const chosenTotals = computed<Totals | null>(() => {
  const data = dataset.value;
  if (data === null) {
    return null;
  }
  if (date.value === "") {
    return data.totals;
  }
  const empty = { promotions: 0, clicks: 0, orders: 0, lines: 0, units: 0, revenue: 0 };
  return data.byDate.find((entry) => entry.date === date.value) ?? empty;
});

export function applyTheme(): void {
  const root = document.documentElement;
  if (theme.value === "auto") {
    root.removeAttribute("data-theme");
  } else {
    root.setAttribute("data-theme", theme.value);
  }
}

export function cycleTheme(): void {
  const next: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
  theme.value = next[theme.value];
  applyTheme();
  try {
    localStorage.setItem(THEME_KEY, theme.value);
  } catch {
    // A browser that keeps nothing starts with its own theme the next time.
  }
}

export function sortBy(key: SortKey): void {
  if (sortKey.value === key) {
    descending.value = !descending.value;
  } else {
    sortKey.value = key;
    descending.value = key !== "promotion";
  }
  page.value = 0;
}
