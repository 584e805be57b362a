import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { logIn, loginBusy, loginError } from "../session";

const ERROR_ID = "login-error";

/** One field for the whole key, as `weir keys create` prints it. */
export function Login() {
  const field = useRef<HTMLInputElement>(null);
  const name = useSignal("");
  const shown = useSignal(false);
  useEffect(() => field.current?.focus(), []);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const input = field.current;
    if (input === null || loginBusy.value) {
      return;
    }
    if (!(await logIn(input.value.trim()))) {
      input.focus();
      input.select();
    }
  }

  const wrong = loginError.value !== "";
  return (
    <section class="card login" aria-labelledby="login-title">
      <h2 id="login-title">Log in</h2>
      <p class="hint">This server shows its figures to those who have a key.</p>
      <form method="post" onSubmit={submit}>
        {/* Password managers keep a key under its id. */}
        <input
          class="visually-hidden"
          type="text"
          name="username"
          autocomplete="username"
          tabIndex={-1}
          aria-hidden="true"
          readOnly
          value={name.value}
        />
        <label for="key">Access key</label>
        <div class="login-field">
          <input
            ref={field}
            id="key"
            name="password"
            type={(shown.value ? "text" : "password") as "password"}
            autocomplete="current-password"
            spellcheck={false}
            autocapitalize="off"
            required
            aria-invalid={wrong}
            aria-describedby={`${ERROR_ID} login-hint`}
            onInput={(event) => {
              name.value = event.currentTarget.value.split(".")[0] ?? "";
            }}
          />
          <button
            type="button"
            aria-pressed={shown.value}
            aria-label="Show the key"
            onClick={() => {
              shown.value = !shown.value;
            }}
          >
            Show
          </button>
        </div>
        <p id={ERROR_ID} class="login-error" role="alert">
          {loginError.value}
        </p>
        <button type="submit" class="primary" disabled={loginBusy.value}>
          {loginBusy.value ? "Logging in…" : "Log in"}
        </button>
      </form>
      <p id="login-hint" class="hint">
        The whole line that <code>weir keys create NAME --role viewer</code> printed: key id, dot, secret.
      </p>
    </section>
  );
}
