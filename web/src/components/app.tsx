import { useEffect } from "preact/hooks";
import { dataset, failure, paused, setPaused } from "../live";
import { access } from "../session";
import { cycleTheme, helpOpen } from "../view";
import { Banner } from "./banner";
import { Charts } from "./charts";
import { EmptyState } from "./empty_state";
import { Filters } from "./filters";
import { Header } from "./header";
import { Help } from "./help";
import { Login } from "./login";
import { Skeleton } from "./skeleton";
import { PromotionTable, SEARCH_ID } from "./promotion_table";
import { Tiles } from "./tiles";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, select, textarea") !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
    return;
  }
  switch (event.key) {
    case "p":
      setPaused(!paused.value);
      break;
    case "d":
      cycleTheme();
      break;
    case "?":
      helpOpen.value = !helpOpen.value;
      break;
    case "/":
      document.getElementById(SEARCH_ID)?.focus();
      event.preventDefault();
      break;
  }
}

export function App() {
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const data = dataset.value;
  if (access.value === "login") {
    return (
      <>
        <Header />
        <main id="figures" tabIndex={-1}>
          <Login />
        </main>
      </>
    );
  }
  return (
    <>
      <a class="skip" href="#figures">
        Skip to the figures
      </a>
      <Header />
      <main id="figures" tabIndex={-1} data-sequence={data?.sequence ?? ""}>
        <Banner />
        {data === null ? (
          failure.value === "" && <Skeleton />
        ) : data.totalRows === 0 ? (
          <EmptyState />
        ) : (
          <>
            <Filters data={data} />
            <Tiles />
            <Charts />
            <PromotionTable />
          </>
        )}
      </main>
      <footer>
        <p>
          An order counts once for each promotion that its lines name. Orders per 100 clicks is orders × 100 ÷ clicks
          of the same promotion and day; it can exceed 100, and there is none where there are no clicks. Days are UTC.
        </p>
      </footer>
      <Help />
    </>
  );
}
