import { age } from "../format";
import { behindMillis, figureAge, freshness, paused, setPaused, silence, type Freshness } from "../live";
import { access, logOut, who } from "../session";
import { cycleTheme, helpOpen, theme } from "../view";

interface Pill {
  readonly tone: "good" | "warn" | "bad" | "calm";
  readonly label: string;
  readonly detail: string;
}

function pill(): Pill {
  const old = figureAge();
  const newest = old === null ? "" : `newest figure ${age(old)} old`;
  const pills: Record<Freshness, () => Pill> = {
    offline: () => ({ tone: "bad", label: "Offline", detail: newest }),
    connecting: () => ({ tone: "calm", label: "Connecting", detail: newest }),
    silent: () => ({ tone: "warn", label: "Stale", detail: `nothing heard for ${age(silence())}` }),
    failing: () => ({ tone: "warn", label: "Stale", detail: newest }),
    stopped: () => ({ tone: "bad", label: "Stopped", detail: newest }),
    behind: () => ({ tone: "warn", label: "Behind", detail: `records wait for ${age(behindMillis.value)}` }),
    paused: () => ({ tone: "calm", label: "Paused", detail: newest }),
    loading: () => ({ tone: "calm", label: "Loading", detail: "" }),
    waiting: () => ({ tone: "calm", label: "Connected", detail: "waiting for the first click" }),
    idle: () => ({ tone: "calm", label: "Idle", detail: `no new records for ${age(old ?? 0)}` }),
    live: () => ({ tone: "good", label: "Live", detail: newest }),
  };
  return pills[freshness()]();
}

const THEME_NAMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" } as const;

function FreshnessPill() {
  const state = pill();
  return (
    <>
      <p class={`pill ${state.tone}`} data-testid="freshness">
        <span class="dot" aria-hidden="true" />
        <span class="pill-label">{state.label}</span>
        {state.detail !== "" && <span class="pill-detail">{state.detail}</span>}
      </p>
      <span class="visually-hidden" role="status">
        {state.label}
      </span>
    </>
  );
}

export function Header() {
  const inside = access.value !== "login";
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
      {inside && <FreshnessPill />}
      <div class="controls">
        {inside && (
          <button type="button" aria-pressed={paused.value} onClick={() => setPaused(!paused.value)} title="Pause or resume (p)">
            {paused.value ? "Resume" : "Pause"}
          </button>
        )}
        <button
          type="button"
          class="round"
          aria-label={THEME_NAMES[theme.value]}
          title={`${THEME_NAMES[theme.value]} (d)`}
          onClick={cycleTheme}
        >
          <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
            <circle cx="10" cy="10" r="7" class="icon-ring" />
            {theme.value !== "light" && <path d="M10 3a7 7 0 0 1 0 14z" class="icon-fill" />}
            {theme.value === "dark" && <path d="M10 3a7 7 0 0 0 0 14z" class="icon-fill" />}
          </svg>
        </button>
        {inside && (
          <button
            type="button"
            class="round"
            aria-label="Keyboard help"
            title="Keys (?)"
            onClick={() => {
              helpOpen.value = true;
            }}
          >
            ?
          </button>
        )}
        {who.value?.required === true && (
          <button type="button" onClick={() => void logOut()} title={`Logged in with key ${who.value.keyId}`}>
            Log out
          </button>
        )}
      </div>
    </header>
  );
}
