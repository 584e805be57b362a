/** Numbers and times as the page writes them; one locale, so that everyone reads the same figures. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** What stands where there is no value: never 0. */
export const MISSING = "–";

export function count(value: number): string {
  return whole.format(value);
}

/** "1 row", "2 rows". */
export function counted(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? "" : "s"}`;
}

export function money(value: number): string {
  return two.format(value);
}

export function percent(value: number | null): string {
  return value === null ? MISSING : `${two.format(value)} %`;
}

/** For labels in charts, where three digits tell enough: "0 %", "0.84 %", "12.4 %", "250 %". */
export function shortPercent(value: number): string {
  const digits = value === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} %`;
}

/** For labels in charts: whole up to 9,999, then "12.3K". */
export function shortCount(value: number): string {
  return value < 10_000 ? count(value) : compact(value);
}

export function compact(value: number): string {
  return short.format(value);
}

/** "0.4 s", "12 s", "3 min", "5 h", "2 d". */
export function age(millis: number): string {
  const seconds = Math.max(0, millis) / 1000;
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 120) {
    return `${Math.floor(seconds)} s`;
  }
  if (seconds < 7200) {
    return `${Math.floor(seconds / 60)} min`;
  }
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** Characters that would break a line, hide, or turn the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200B\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/gu;

/** A name from outside as one line that shows what it contains. */
export function plain(name: string): string {
  return name.replace(UNPRINTABLE, "\uFFFD");
}

/** A name within a sentence: its direction of writing stays its own. */
export function isolate(name: string): string {
  return `\u2068${plain(name)}\u2069`;
}

/** As much of `text` as `widthOf` says fits into `limit`, with an ellipsis when something is cut. */
export function fit(text: string, limit: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= limit) {
    return text;
  }
  const letters = [...text].slice(0, 100);
  while (letters.length > 1 && widthOf(`${letters.join("")}…`) > limit) {
    letters.pop();
  }
  return `${letters.join("").trimEnd()}…`;
}
