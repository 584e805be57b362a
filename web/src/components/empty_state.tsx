import { who } from "../session";

const CLICK = '{"UserId":"u1","Device":"mobile","Event":"P601","EventType":"Promotion"}';
const ORDER = '{"OrderLines":[{"ItemId":"I1","Promotion":"P601","UnitPrice":9.99,"Quantity":2}]}';

function command(stream: string, record: string): string {
  const key = who.value?.required === true ? '-H "Authorization: Bearer $WEIR_KEY" ' : "";
  return `curl ${key}--data-binary '${record}' ${location.origin}/v1/streams/${stream}/records`;
}

export function EmptyState() {
  return (
    <section class="card empty" aria-labelledby="empty-title">
      <h2 id="empty-title">No clicks yet</h2>
      <p>This page draws itself as soon as the first click on a promotion arrives. Send one:</p>
      <pre tabIndex={0}>
        <code>{command("ClickStream", CLICK)}</code>
      </pre>
      <p>and an order for it:</p>
      <pre tabIndex={0}>
        <code>{command("OrderStream", ORDER)}</code>
      </pre>
      <p class="hint">
        Or let <code>weir serve --demo</code> make traffic.
      </p>
    </section>
  );
}
