// Weir: promotion clicks and orders, without cookies.
(() => {
  if (window.weir) return;
  const tag = document.currentScript, url = new URL("v1/collect", tag.src);
  const deny = navigator.doNotTrack == 1 || navigator.globalPrivacyControl;
  let on = !deny && tag.dataset.consent == null, wait = 0, busy, timer, my;
  const id = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const load = () => {
    try {
      if (deny) sessionStorage.removeItem("weir");
      my = JSON.parse(sessionStorage.weir);
    } catch {}
    my ||= { user: id(), clicks: [], queue: [] };
  };
  const send = () => {
    const list = my.queue.slice(0, 10);
    if (busy || !on || !list[0]) return;
    busy = 1;
    clearTimeout(timer);
    const events = list.map(({ at, ...e }) => ({ ...e, age: Math.max(0, Date.now() - at) }));
    const body = JSON.stringify({ user: tag.dataset.user || my.user, events });
    fetch(url, { method: "POST", body, keepalive: body.length < 6e4, credentials: "omit" })
      .then(r => {
        if (r.status == 429 || r.status > 499) throw r;
        my.queue = my.queue.filter(e => !list.includes(e));
        wait = 0;
        save();
      })
      .catch(() => { wait = Math.min(wait * 2 + 1e3, 6e4); })
      .finally(() => {
        busy = 0;
        timer = setTimeout(send, wait);
      });
  };
  const save = () => {
    try { sessionStorage.weir = JSON.stringify(my); } catch {}
  };
  const add = e => {
    if (!on) return;
    e = { id: id(), at: Date.now(), ...e };
    if (e.promotion) my.clicks = [...my.clicks, { promotion: e.promotion, id: e.id }].slice(-50);
    my.queue = [...my.queue, e].slice(-99);
    save();
    send();
    return e.id;
  };
  const click = promotion => add({ type: "click", promotion });
  for (const type of ["click", "auxclick", "pagehide", "pageshow", "online"])
    addEventListener(type, e => {
      const link = e.target.closest?.("[data-weir-promotion]");
      if (e.persisted) load();
      if (link && e.button < 2) click(link.dataset.weirPromotion);
      else send();
    }, true);
  window.weir = {
    click,
    clicks: () => my.clicks,
    order: ({ id, lines }) => add({ type: "order", order: id, lines, clicks: my.clicks }),
    consent: () => { on = !deny; send(); },
  };
  load();
})();
