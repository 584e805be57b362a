import { age } from "../format";
import { STALE_MILLIS, connection, dataset, figureAge, paused, setPaused } from "../live";
import { cycleTheme, helpOpen, theme } from "../view";

type Pill = { tone: "good" | "warn" | "bad" | "calm"; label: string; detail: string };

function pill(): Pill {
  const old = figureAge();
  const detail = old === null ? "" : `newest figure ${age(old)} old`;
  if (connection.value === "lost") {
    return { tone: "bad", label: "Disconnected", detail };
  }
  if (connection.value === "connecting") {
    return { tone: "calm", label: "Connecting", detail };
  }
  if (paused.value) {
    return { tone: "calm", label: "Paused", detail };
  }
  if (dataset.value === null) {
    return { tone: "calm", label: "Loading", detail };
  }
  if (old === null) {
    return { tone: "calm", label: "Waiting for clicks", detail };
  }
  return old > STALE_MILLIS ? { tone: "warn", label: "Stale", detail } : { tone: "good", label: "Live", detail };
}

const THEME_NAMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" } as const;

export function Header() {
  const state = pill();
  return (
    <header>
      <div class="brand">
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" class="logo-ground" />
          <path d="M4 12c3-3 5-3 8 0s5 3 8 0 5-3 8 0" class="logo-water" />
          <path d="M8 18v7M13 20v5M18 18v7M23 20v5" class="logo-fall" />
        </svg>
        <div>
          <h1>Weir</h1>
          <p class="tagline">Ad clicks into orders, live</p>
        </div>
      </div>
      <div class="controls">
        <p class={`pill ${state.tone}`} data-testid="freshness">
          <span class="dot" aria-hidden="true" />
          <span class="pill-label">{state.label}</span>
          {state.detail !== "" && <span class="pill-detail">{state.detail}</span>}
        </p>
        <span class="visually-hidden" role="status">
          {state.label}
        </span>
        <button type="button" aria-pressed={paused.value} onClick={() => setPaused(!paused.value)} title="p">
          {paused.value ? "Resume" : "Pause"}
        </button>
        <button type="button" onClick={cycleTheme} title="d">
          {THEME_NAMES[theme.value]}
        </button>
        <button
          type="button"
          class="round"
          aria-label="Keyboard help"
          title="?"
          onClick={() => {
            helpOpen.value = true;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}
