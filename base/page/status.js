"use strict";
(() => {
  const EVERY = 2000, SLOW = 5000, PATIENCE = 5000;
  const states = ["down", "unproven", "degraded", "ready"];
  const $ = (id) => document.getElementById(id);
  const list = $("list"), blank = $("source").content.firstElementChild;
  let report = null, received = 0, paused = false, lost = false, timer = 0, order = "gravity";

  const get = (value, path) => path.split(".").reduce((v, key) => (v == null ? undefined : v[key]), value);
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const show = (element, yes) => { if (element.hidden === yes) element.hidden = !yes; };
  const state = (word) => (states.includes(word) ? word : "unproven");

  // Durations come in nanoseconds.
  const two = (n) => (n < 9.95 ? n.toFixed(1).replace(/\.0$/, "") : String(Math.round(n)));
  const span = (ns) => {
    const ms = ns / 1e6;
    if (ms < 0.995) return ms < 0.005 ? "0 ms" : ms.toFixed(2) + " ms";
    if (ms < 999.5) return two(ms) + " ms";
    if (ms < 59950) return two(ms / 1e3) + " s";
    const s = Math.round(ms / 1e3), m = Math.floor(s / 60), h = Math.floor(m / 60);
    if (h < 1) return m + " min" + (s % 60 ? " " + (s % 60) + " s" : "");
    if (h < 24) return h + " h" + (m % 60 ? " " + (m % 60) + " min" : "");
    return Math.floor(h / 24) + " d" + (h % 24 ? " " + (h % 24) + " h" : "");
  };
  const ago = (ns) => (ns < 1e9 ? "just now" : span(Math.floor(ns / 1e9) * 1e9) + " ago");
  const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const age = () => (performance.now() - received) * 1e6;

  const forms = {
    text: String, time: span, count,
    ago: (ns) => ago(ns + age()),
  };
  const whole = {
    used: (a) => (!a ? "–" : a.permits ? count(a.permits_used) + " of " + count(a.permits) : count(a.permits_used)),
    permits: (a) => whole.used(a) + (a && !a.permits ? ", no bound" : ""),
    quota: (a) => (!a ? "–" : a.quota_wait_ns ? span(a.quota_wait_ns) : "not closed"),
    budget: (a) => (!a ? "–" : a.retry_budget ? two(a.retry_budget.tokens) + " of " + two(a.retry_budget.most) + " left" : "no bound"),
  };

  // Names, methods and codes come from outside: all of it is put in as text, never as markup.
  function fill(item, source) {
    const word = state(source.state);
    if (item.dataset.state !== word) item.dataset.state = word;
    for (const use of item.querySelectorAll("[data-shape]")) use.setAttribute("href", "#shape-" + word);
    for (const element of item.querySelectorAll("[data-f], [data-as]")) {
      const { f, as, none } = element.dataset;
      const value = f && get(source, f);
      put(element, !f ? whole[as](source.activity) : value == null ? none ?? (as ? "–" : "") : forms[as || "text"](value));
      element.classList.toggle("zero", element.textContent === "0");
    }
    for (const element of item.querySelectorAll("[data-show]")) show(element, Boolean(get(source, element.dataset.show)));
    for (const element of item.querySelectorAll("[data-show-not]")) show(element, !get(source, element.dataset.showNot));
    failures(item.querySelector("tbody"), get(source, "activity.failures") || []);
  }

  function failures(body, all) {
    while (body.rows.length > all.length) body.deleteRow(-1);
    while (body.rows.length < all.length) {
      const row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      row.append(head);
      for (let i = 0; i < 8; i++) if ([3, 4, 6, 7].includes(i)) row.insertCell().className = "n"; else row.insertCell();
    }
    all.forEach((f, i) => {
      const texts = [f.kind + (f.stopped ? ", not retried: " + f.stopped : ""), f.code || "", f.op, ago(f.age_ns + age()),
        count(f.calls), count(f.retried), f.sent, count(f.attempts), f.elapsed_ns == null ? "–" : span(f.elapsed_ns)];
      texts.forEach((text, k) => put(body.rows[i].cells[k], text));
    });
  }

  const compare = {
    gravity: (a, b) => states.indexOf(state(a.state)) - states.indexOf(state(b.state)) || Boolean(a.optional) - Boolean(b.optional) || Boolean(b.reason) - Boolean(a.reason),
    name: () => 0,
    latency: (a, b) => (get(b, "activity.latency.p95_ns") ?? -1) - (get(a, "activity.latency.p95_ns") ?? -1),
    failures: (a, b) => (get(b, "activity.failed") ?? -1) - (get(a, "activity.failed") ?? -1),
  };
  const byName = (a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0);

  // The items are kept, so that what is open stays open and the focus stays where it is.
  const items = new Map();
  const key = (name, seen) => { // two sources may have one name
    seen.set(name, (seen.get(name) || 0) + 1);
    return seen.get(name) + " " + name;
  };
  const first = new Map();
  for (const item of list.children) items.set(key(item.querySelector("[data-f=source]").textContent, first), item);

  function draw() {
    const seen = new Map(), wanted = [];
    for (const source of [...report.sources].sort((a, b) => compare[order](a, b) || byName(a, b))) {
      const name = key(source.source, seen);
      if (!items.has(name)) items.set(name, blank.cloneNode(true));
      fill(items.get(name), source);
      wanted.push(items.get(name));
    }
    for (const [name, item] of items) if (!wanted.includes(item)) { item.remove(); items.delete(name); }
    arrange(wanted);
    put($("count"), String(report.sources.length));
    show($("none"), wanted.length === 0);
    show($("heads"), wanted.length > 0);
    show($("sort"), wanted.length > 1);
  }

  // An item that is moved loses the focus: the others are moved around the one that has it.
  function arrange(wanted) {
    if (wanted.every((item, i) => list.children[i] === item)) return;
    const fixed = wanted.findIndex((item) => item.parentNode === list && item.contains(document.activeElement));
    wanted.forEach((item, i) => { if (i < fixed) list.insertBefore(item, wanted[fixed]); else if (i !== fixed) list.append(item); });
  }

  function verdict() {
    const word = state(report.state), box = $("verdict");
    if (box.dataset.state !== word) {
      box.dataset.state = document.body.dataset.state = word;
      $("verdict-shape").setAttribute("href", "#shape-" + word);
    }
    put($("verdict-word"), word);
    put($("verdict-text"), report.verdict);
  }

  function freshness() {
    const last = report ? "Last update " + ago(age()) : "No update yet";
    put($("fresh"), lost ? last + "; the server does not answer" : paused ? "Paused. " + last : report ? "Live. " + last : last);
    show($("stale"), lost);
    document.body.classList.toggle("old", lost || paused);
    const title = (lost ? "stale, " : "") + document.body.dataset.state + " – sources";
    if (document.title !== title) document.title = title;
  }

  async function look() {
    clearTimeout(timer);
    if (paused || document.hidden) return;
    const patience = new AbortController(), late = setTimeout(() => patience.abort(), PATIENCE);
    try {
      const answer = await fetch($("json").href, { headers: { Accept: "application/json" }, cache: "no-store", signal: patience.signal });
      if (!answer.ok) throw new Error("status " + answer.status);
      const next = await answer.json();
      if (!Array.isArray(next.sources)) throw new Error("no sources");
      report = next;
      received = performance.now();
      lost = false;
      verdict();
      draw();
    } catch {
      lost = true;
    } finally {
      clearTimeout(late);
      freshness();
      clearTimeout(timer);
      if (!paused) timer = setTimeout(look, lost ? SLOW : EVERY);
    }
  }

  for (const element of document.querySelectorAll(".live")) element.hidden = false;
  $("pause").addEventListener("click", () => {
    paused = !paused;
    put($("pause"), paused ? "Resume updates" : "Pause updates");
    freshness();
    look();
  });
  for (const button of document.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      order = button.dataset.sort;
      for (const other of document.querySelectorAll("[data-sort]")) other.setAttribute("aria-pressed", String(other === button));
      if (report) draw();
    });
  }
  document.addEventListener("visibilitychange", look);
  setInterval(() => { if (report && !document.hidden) { draw(); freshness(); } }, 1000);
  look();
})();
