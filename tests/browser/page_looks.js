// What a walk asks of the page it stands on. Put into every page by page_walk.py, which adds `loadAxe`.
(() => {
    const TOLD_APART_BY_RECORD = new Set([
        "action", "alt", "aria-controls", "aria-describedby", "aria-label", "aria-labelledby", "data-card", "data-version",
        "datetime", "for", "hx-get", "hx-post", "hx-target", "href", "id", "name", "popovertarget", "src", "title", "value",
    ]);
    // What axe judges by the whole page.
    const OF_THE_PAGE = "h1, h2, h3, h4, h5, h6, main, nav, header, footer, aside, section, [role], [accesskey]";
    const CLOSED = "[popover]:not(:popover-open), dialog:not([open])";
    const QUICK = "svg, option, optgroup, template, script, hr, br, input[type=hidden]"; // seen sooner than compared
    const frame = () => new Promise(requestAnimationFrame);

    /** An element's own tag without what tells records apart. */
    function tag(node) {
        const said = [...node.attributes]
            .map(({ name, value }) => `${name}=${TOLD_APART_BY_RECORD.has(name) && value ? "…" : value}`)
            .sort();
        return `<${node.localName} ${said.join(" ")}>`;
    }

    /** An element without its words: two of one shape in one place look alike to a stylesheet and to axe. */
    function shape(node, known) {
        if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? "…" : "";
        if (node.nodeType !== Node.ELEMENT_NODE) return "";
        if (!known.has(node)) {
            const inside = [...node.childNodes].map((child) => shape(child, known)).join("");
            known.set(node, hash(`${tag(node)}${inside}</>`));
        }
        return known.get(node);
    }

    /** Where an element stands: what it is in, whether as the first or the last there, and what it follows. */
    function place(node) {
        if (!node) return "";
        const { parentElement, previousElementSibling: before, nextElementSibling: after } = node;
        const follows = before ? `${before.localName}.${before.className}+` : "";
        return `${parentElement ? place(parentElement) + tag(parentElement) : ""}${follows}${after ? "" : "$"}`;
    }

    function hash(text) {
        let [a, b] = [1, 2];
        for (let at = 0; at < text.length; at++) {
            a = Math.imul(a ^ text.charCodeAt(at), 2654435761);
            b = Math.imul(b ^ text.charCodeAt(at), 1597334677);
        }
        return `${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
    }

    /** What differs by its record alone from two that axe has seen, on this page or on one before: of rows, fields, the
     *  shell. Nothing with a heading or a landmark, which axe judges by the page as a whole; the last of a list is always
     *  looked at, since stylesheets set it apart. Closed menus and dialogs, of which axe reads no word, lie empty then. */
    function repeated() {
        const counts = JSON.parse(sessionStorage.getItem("looked at") ?? "{}");
        const styles = stylesheets();
        const [known, found, pending] = [new Map(), [], [...document.body.children]];
        while (pending.length) {
            const one = pending.pop();
            if (one.matches(QUICK)) continue;
            const closed = one.matches(CLOSED) && !one.checkVisibility();
            if (closed || (!one.matches(OF_THE_PAGE) && !one.querySelector(OF_THE_PAGE))) {
                const key = hash(styles + place(one) + shape(one, known));
                const seen = counts[key] === 2;
                if (!seen) counts[key] = (counts[key] ?? 0) + 1;
                else if (closed) emptied.push([one, [...one.childNodes]]);
                else found.push(one);
                if (seen || closed) continue;
            }
            pending.push(...one.children);
        }
        for (const [one] of emptied) one.replaceChildren();
        sessionStorage.setItem("looked at", JSON.stringify(counts));
        return found;
    }

    const stylesheets = () =>
        [...document.querySelectorAll("link[rel=stylesheet]")].map((link) => link.href).join(" ");

    /** What is wider than the window, and what scrolls but cannot be scrolled by keys. Of all rows, unlike axe. */
    function shapeless() {
        const { scrollWidth } = document.documentElement;
        const focusable = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex='0']";
        const stuck = [...document.querySelectorAll("body *")].filter((one) =>
            (one.scrollWidth > one.clientWidth + 13 || one.scrollHeight > one.clientHeight + 13)
            && /auto|scroll/.test(getComputedStyle(one).overflow) && one.checkVisibility()
            && one.tabIndex < 0 && !one.querySelector(focusable));
        return [
            ...(scrollWidth > innerWidth ? [`is ${scrollWidth} px wide on ${innerWidth}`] : []),
            ...stuck.map((one) => `scrolls but not by keys: ${one.outerHTML.slice(0, 120)}`),
        ];
    }

    /** What a person should never read: objects and moments as programs write them. */
    function rawWords() {
        const raw = /\{['"]|\[\{|\[object |\bundefined\b|\bNaN\b|\d{4}-\d\d-\d\dT\d\d:/;
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const told = [];
        while (texts.nextNode()) {
            const { data, parentElement } = texts.currentNode;
            if (raw.test(data) && !parentElement.closest("script, style, code, pre, textarea")) told.push(`says ${data.trim().slice(0, 80)}`);
        }
        return told;
    }

    /** Labels and descriptions that lead nowhere, and names given twice: of all there is, unlike axe. */
    function astray() {
        const known = new Map();
        for (const { id } of document.querySelectorAll("[id]")) known.set(id, (known.get(id) ?? 0) + 1);
        const led = [...document.querySelectorAll("[for], [aria-labelledby], [aria-describedby]")].flatMap((one) =>
            ["for", "aria-labelledby", "aria-describedby"].flatMap((by) => one.getAttribute(by)?.split(/\s+/) ?? []));
        const lost = new Set(led.filter((id) => id && !known.has(id)));
        const twice = led.filter((id) => known.get(id) > 1);
        return [...lost].map((id) => `leads to no #${id}`).concat([...new Set(twice)].map((id) => `has #${id} twice`));
    }

    async function missingIcons() {
        const used = [...document.querySelectorAll("use")].map((use) => use.getAttribute("href").split("#"));
        if (!used.length) return [];
        const sprite = await (await fetch(used[0][0])).text();
        return [...new Set(used.map(([, id]) => id))].filter((id) => !sprite.includes(`id="${id}"`));
    }

    /** What axe finds by these rules; `preload` has it read the stylesheets too, for the rules about them. */
    async function axed(rules, preload) {
        if (!window.axe) look.loadAxe();
        const options = { runOnly: rules, resultTypes: ["violations"], iframes: false, preload };
        const context = { include: [document.documentElement], exclude: repeats };
        let found = (await axe.run(context, options)).violations;
        if (found.some(({ id }) => id === "color-contrast")) { // a browser under load repaints late
            await new Promise((done) => setTimeout(done, 500));
            found = (await axe.run(context, options)).violations;
        }
        return found.flatMap(({ id, nodes }) =>
            nodes.slice(0, 3).map((node) => `${id}: ${node.target} ${node.failureSummary.slice(0, 200)}`));
    }

    let [repeats, emptied] = [[], []];
    const look = {
        /** Wait until the page stands in this view: its width, its colours, and nothing on the move. */
        async settled({ width, scheme }) {
            const there = () => innerWidth === width && matchMedia(`(prefers-color-scheme: ${scheme})`).matches;
            const moving = () => document.getAnimations().some((one) => one.playState === "running");
            for (let turn = 0; turn < 60; turn++) {
                await frame();
                await new Promise((done) => setTimeout(done));
                if (there() && !moving()) return;
            }
            if (!there()) throw new Error(`the page does not stand at ${width} px in the ${scheme}`);
        },

        /** What is missing of a title, a language, one h1 and the icons, and where the links lead. */
        async facts() {
            const told = [...rawWords(), ...astray(), ...(await missingIcons()).map((icon) => `has no icon ${icon}`)];
            const heads = document.querySelectorAll("h1").length;
            if (!document.title.split("·")[0].trim()) told.push("has no title");
            if (heads !== 1) told.push(`has ${heads} h1`);
            if (!document.documentElement.lang) told.push("has no language");
            return { told, links: [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")) };
        },

        /** The complaints in the view in which the page was opened; `read` are stylesheets that axe need not read again. */
        async first({ view, rules, read }) {
            await look.settled(view);
            const told = shapeless();
            const styles = stylesheets();
            repeats = repeated();
            return { styles, told: [...told, ...(await axed(rules, !read.includes(styles)))] };
        },

        /** The complaints in the other view. */
        async second({ view, rules, read }) {
            await look.settled(view);
            const styles = stylesheets();
            const told = await axed(rules, !read.includes(styles));
            for (const [one, inside] of emptied.splice(0)) one.replaceChildren(...inside);
            return { styles, told: [...told, ...shapeless()] };
        },

        /** What of a popover is too small to be touched (WCAG 2.5.8): a field counts with its label. */
        smallOnTop() {
            const touched = ":popover-open :is(a[href], button, input, select, textarea, summary)";
            return [...document.querySelectorAll(touched)]
                .filter((one) => one.checkVisibility() && one.type !== "hidden" && !one.matches("p a"))
                .map((one) => [one, (one.closest("label") ?? one).getBoundingClientRect()])
                .filter(([, box]) => box.width < 24 || box.height < 24)
                .map(([one, box]) => `is too small on top: ${one.tagName} ${one.textContent.trim()} ${box.width} x ${box.height}`);
        },
    };
    window.look = look;
})();
