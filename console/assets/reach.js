// What Streamlit leaves out for those who use no mouse, hear the page, or hold a phone.
if (!window.allocatorReach) {
  const narrow = matchMedia("(max-width: 640px)");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const set = (element, name, value) => {
    if (value === null) { if (element.hasAttribute(name)) element.removeAttribute(name); }
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };

  // The links of the sidebar are a landmark, and one of them is this page's.
  const mark = () => {
    const links = all("[data-testid=stSidebarUserContent] [data-testid=stPageLink-NavLink]");
    const landmark = links[0]?.closest("[data-testid=stVerticalBlock]");
    if (landmark) {
      set(landmark, "role", "navigation");
      set(landmark, "aria-label", "Pages");
    }
    for (const link of links) {
      // The first page's address is empty: it is served at "/" alone.
      const path = link.getAttribute("href") ? new URL(link.href).pathname : "/";
      const isHere = path === location.pathname && !link.hasAttribute("disabled");
      set(link, "aria-current", isHere ? "page" : null);
    }
    for (const link of all("[data-testid=stPageLink-NavLink]")) {
      const rests = link.hasAttribute("disabled");
      set(link, "aria-disabled", rests ? "true" : null);
      set(link, "tabindex", rests ? "-1" : null);
    }
    // What scrolls sideways must be reached to be scrolled.
    for (const table of all("[data-testid=stTable] > div")) {
      const scrolls = table.scrollWidth > table.clientWidth;
      for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", "Table"]])
        set(table, name, scrolls ? value : null);
    }
    for (const button of primary()) {
      set(button, "aria-keyshortcuts", "Control+Enter Meta+Enter");
      set(button, "title", "Ctrl + Enter");
    }
    // The server draws cards instead of tables on a narrow screen; this box tells it.
    const box = document.querySelector(".st-key-unseen input");
    if (box && box.checked !== narrow.matches) box.click();
  };

  const primary = () => {
    const dialog = document.querySelector("[role=dialog]");
    const kinds = "button[data-testid^=stBaseButton-primary]:not([disabled])";
    return all(kinds, dialog ?? document).filter((button) => button.offsetParent);
  };

  // A table is one picture with cells inside it: Enter and Space select a row when rows can be
  // selected (the boxes are a column before the first), and Tab goes on to what comes next.
  const isSelectable = (grid) =>
    grid.querySelector("[role=gridcell]") && !grid.querySelector("[id^=glide-cell-0-]") &&
    !grid.querySelector("[role=gridcell][aria-readonly=false]");

  const press = (event) => {
    if (!event.isTrusted || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const [button, ...others] = primary();
      if (button && !others.length) {
        event.preventDefault();
        event.stopPropagation();
        document.activeElement?.blur(); // what was typed last is sent first
        setTimeout(() => button.click(), 50);
      }
      return;
    }
    const grid = event.target;
    if (!grid.matches?.("[data-testid=data-grid-canvas]")) return;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Tab" && isPlain) event.stopPropagation();
    if (["Enter", " "].includes(event.key) && isPlain && !event.shiftKey && isSelectable(grid)) {
      event.preventDefault();
      event.stopPropagation();
      grid.dispatchEvent(new KeyboardEvent("keydown", {
        key: " ", code: "Space", keyCode: 32, shiftKey: true, bubbles: true, cancelable: true,
      }));
    }
  };

  let waits = 0;
  const soon = () => { waits ||= setTimeout(() => { waits = 0; mark(); }, 30); };
  new MutationObserver(soon).observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "href", "aria-label"],
  });
  narrow.addEventListener("change", mark);
  addEventListener("keydown", press, true);
  window.allocatorReach = mark;
}
window.allocatorReach();
