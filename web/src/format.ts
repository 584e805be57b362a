/** Numbers and times as the page writes them; one locale, so that everyone reads the same figures. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** What stands where there is no value: never 0. */
export const MISSING = "–";

export function count(value: number): string {
  return whole.format(value);
}

export function money(value: number): string {
  return two.format(value);
}

export function percent(value: number | null): string {
  return value === null ? MISSING : `${two.format(value)} %`;
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

/** Long names would push the bars off the chart. */
export function shorten(text: string, limit: number): string {
  const letters = [...text];
  return letters.length <= limit ? text : `${letters.slice(0, limit - 1).join("")}…`;
}
