import * as Plot from "@observablehq/plot";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  readonly title: string;
  readonly caption: string;
  /** One sentence that says what the picture shows; the table has the numbers. */
  readonly summary: string;
  readonly legend: readonly { label: string; color: string }[];
  readonly options: (width: number) => Plot.PlotOptions;
}

/** The narrowest drawing; a narrower card scrolls. */
const MIN_WIDTH = 280;

function draw(host: HTMLElement, props: Props): void {
  const picture = Plot.plot(props.options(Math.max(MIN_WIDTH, host.clientWidth)));
  // Plot brings its style sheet along; the page's security policy allows no inline styles, and style.css has the rules.
  for (const style of picture.querySelectorAll("style")) {
    style.remove();
  }
  // The picture has one name, below; its parts need none, and Plot gives theirs to elements that may not have one.
  for (const part of picture.querySelectorAll("[aria-label], [aria-description]")) {
    if (part.getAttribute("aria-label")?.endsWith("grid") === true) {
      part.classList.add("grid");
    }
    part.removeAttribute("aria-label");
    part.removeAttribute("aria-description");
  }
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", props.summary);
  host.replaceChildren(picture);
}

export function PlotFigure(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (host.current !== null) {
      draw(host.current, props);
    }
  });
  useEffect(() => {
    const element = host.current;
    if (element === null) {
      return undefined;
    }
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== width) {
        width = element.clientWidth;
        draw(element, latest.current);
      }
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <figure class="card">
      <div class="figure-head">
        <h2>{props.title}</h2>
        <ul class="legend" aria-label="Colours">
          {props.legend.map((entry) => (
            <li key={entry.label}>
              <span class={`swatch ${entry.color}`} aria-hidden="true" />
              {entry.label}
            </li>
          ))}
        </ul>
      </div>
      <div class="plot" ref={host} tabIndex={0} role="group" aria-label={`${props.title}, scrollable chart`} />
      <figcaption>{props.caption}</figcaption>
    </figure>
  );
}
