/** Width of text as the charts draw it. */

export const CHART_FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

const context = document.createElement("canvas").getContext("2d");
if (context !== null) {
  context.font = CHART_FONT;
}

/** In CSS pixels; a guess where the browser measures nothing. */
export function textWidth(text: string): number {
  return context?.measureText(text).width ?? text.length * 7;
}
