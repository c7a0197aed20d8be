package statuspage_test

import "testing"

// contrast finds text that is hard to read: it computes the colour of each element that holds text, and of what is
// behind it, as they are shown.
const contrast = `(() => {
	const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return {rgb: n.slice(0, 3), a: n.length > 3 ? n[3] : 1}; };
	const over = (top, under) => top.rgb.map((v, i) => v * top.a + under[i] * (1 - top.a));
	const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => !e ? [255, 255, 255] : over(parse(getComputedStyle(e).backgroundColor), behind(e.parentElement));
	const seeThrough = (e) => !e ? 1 : Number(getComputedStyle(e).opacity) * seeThrough(e.parentElement);
	let looked = 0;
	const poor = [];
	for (const e of document.body.querySelectorAll("*")) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!own || !e.checkVisibility() || e.closest("script, style, template, noscript")) continue;
		const under = behind(e), ink = parse(getComputedStyle(e).color);
		ink.a *= seeThrough(e);
		const [a, b] = [light(over(ink, under)), light(under)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		looked++;
		if (ratio < 4.5) poor.push(e.className + " " + e.textContent.trim().slice(0, 40) + ": " + ratio.toFixed(2));
	}
	return {Looked: looked, Poor: poor};
})()`

func checkContrast(t *testing.T, p *tab) {
	t.Helper()
	got := eval[struct {
		Looked int
		Poor   []string
	}](t, p, contrast)
	if got.Looked < 100 || len(got.Poor) > 0 {
		t.Errorf("of %d texts these are hard to read: %q", got.Looked, got.Poor)
	}
}

func canBeRead(t *testing.T, devtools string, w *world) {
	p := openTab(t, devtools, w.page(), scheme("light"))
	p.live(t)
	p.shoot(t, "light")
	eval[bool](t, p, `document.querySelectorAll("details").forEach((d) => { d.open = true }), true`)
	pages := map[string]string{}
	for _, name := range []string{"light", "dark"} {
		p.emulate(t, scheme(name))
		checkContrast(t, p)
		pages[name] = eval[string](t, p, `getComputedStyle(document.body).backgroundColor`)
		p.shoot(t, name+"-open")
	}
	if pages["light"] == pages["dark"] {
		t.Errorf("light and dark look alike: %s", pages["light"])
	}
	silent(t, p)
}

// lapses finds what an assistive technology would stumble over.
const lapses = `(() => {
	const found = [], all = (q) => [...document.querySelectorAll(q)], need = (yes, what) => { if (!yes) found.push(what); };
	need(document.documentElement.lang, "no language");
	need(document.title, "no title");
	need(all("h1").length === 1, "not one h1");
	need(all("main").length === 1, "not one main");
	need(all("[aria-live]").length === 1 && all("[aria-live]")[0].id === "verdict", "a live region beside the verdict");
	const ids = all("[id]").map((e) => e.id);
	need(new Set(ids).size === ids.length, "an id stands twice");
	let level = 1;
	for (const h of all("h1, h2, h3, h4")) { const n = Number(h.tagName[1]); need(n <= level + 1, "a heading skips a level: " + h.textContent); level = n; }
	for (const e of all("a, button, summary, [tabindex='0']")) need(e.textContent.trim() || e.ariaLabel, "no name: " + e.outerHTML.slice(0, 80));
	for (const e of all("svg")) need(e.getAttribute("aria-hidden") === "true", "a picture without words is not hidden");
	for (const e of all("#list > li")) need(e.querySelector(".badge").innerText.trim(), "a state without a word");
	for (const e of all("table")) need([...e.querySelectorAll("th")].every((h) => h.scope), "a heading of a table without scope");
	for (const e of all("button, a")) { const r = e.getBoundingClientRect(); need(!r.height || r.height >= 24 || e.closest(".bar, .skip"), "too small: " + e.textContent); }
	const shapes = new Set(all("#list use").map((u) => u.getAttribute("href")));
	need(shapes.size === new Set(all("#list > li").map((e) => e.dataset.state)).size, "two states share a shape");
	return found;
})()`

func isSoundToAssistiveTechnology(t *testing.T, devtools string, w *world) {
	p := openTab(t, devtools, w.page())
	p.live(t)
	if found := eval[[]string](t, p, lapses); len(found) > 0 {
		t.Errorf("%q", found)
	}
	said := eval[[]string](t, p, `[...document.querySelectorAll("#list summary")].map((s) => s.innerText)`)
	for _, text := range said {
		if text == "" {
			t.Error("a source says nothing of itself")
		}
	}
	silent(t, p)
}
