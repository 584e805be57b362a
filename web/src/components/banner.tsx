import { connect, connection, dataset, failure, now, retryAt, stopped } from "../live";

/** Says what is wrong, what is still shown, and what happens next. */
export function Banner() {
  if (connection.value === "lost") {
    const seconds = Math.ceil(Math.max(0, retryAt.value - now.value) / 1000);
    return (
      <div class="banner bad" role="alert">
        <div>
          <strong>The server does not answer.</strong>{" "}
          {dataset.value === null ? "There are no figures yet." : "The figures below are the last ones it sent."}
        </div>
        <div class="banner-next">
          <span aria-hidden="true">{retryAt.value === 0 ? "Trying now…" : `Trying again in ${seconds} s`}</span>
          <button type="button" onClick={connect}>
            Try now
          </button>
        </div>
      </div>
    );
  }
  if (failure.value !== "") {
    return (
      <div class="banner warn" role="alert">
        <div>
          <strong>The figures cannot be refreshed.</strong>{" "}
          <span class="reason">{failure.value}</span>
        </div>
      </div>
    );
  }
  if (stopped.value !== "") {
    return (
      <div class="banner bad" role="alert">
        <div>
          <strong>A part of the pipeline has stopped; the figures no longer grow.</strong>{" "}
          <span class="reason">{stopped.value}</span>
        </div>
      </div>
    );
  }
  return null;
}
