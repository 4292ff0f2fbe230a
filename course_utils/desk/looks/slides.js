/* Deals the blocks of each section out to screens, and goes from screen to screen by key. */
"use strict";
(() => {
  const main = document.querySelector("main");
  const sections = [...main.querySelectorAll("section.slide")].map((section) => ({
    section,
    blocks: [...section.children],
  }));
  const SMALLEST = 0.5;
  let screens = [];
  let at = 0;

  const isHeading = (block) => /^H[1-3]$/.test(block.firstElementChild?.tagName ?? "");
  const isTooTall = (screen) => screen.scrollHeight > screen.clientHeight + 1;

  function open(heading, isFirst) {
    const screen = document.createElement("section");
    screen.className = "slide screen";
    if (heading && !isFirst) {
      const again = heading.cloneNode(true);
      again.classList.add("again");
      again.firstElementChild.removeAttribute("id");
      screen.append(again);
    }
    main.append(screen);
    screens.push(screen);
    return screen;
  }

  /* What is taller than a screen by itself is drawn smaller; what is still too tall can be scrolled. */
  function fit(screen) {
    const blocks = [...screen.children];
    screen.classList.remove("taller");
    screen.removeAttribute("tabindex");
    for (let zoom = 1; zoom >= SMALLEST; zoom -= 0.05) {
      for (const block of blocks) block.style.zoom = zoom;
      if (!isTooTall(screen)) return;
    }
    screen.classList.add("taller");
    screen.tabIndex = 0;
  }

  /* The block, and what may not be parted from it: the heading above it, the code that it came out of. */
  function together(block) {
    const moving = [block];
    for (;;) {
      const above = moving[0].previousElementSibling;
      const isFirst = !above?.previousElementSibling || above.previousElementSibling.classList.contains("again");
      if (isFirst || !(isHeading(above) || moving[0].classList.contains("follows"))) return moving;
      moving.unshift(above);
    }
  }

  function dealOut() {
    const shown = screens[at]?.querySelector(".block:not(.again)");
    main.replaceChildren();
    screens = [];
    let heading = null;
    for (const { blocks } of sections) {
      if (isHeading(blocks[0]) && !/^Exercise/.test(blocks[0].textContent)) heading = blocks[0];
      let screen = open(heading, true);
      for (const block of blocks) {
        block.style.zoom = 1;
        screen.append(block);
        if (!isTooTall(screen) || screen.querySelector(".block:not(.again)") === block) continue;
        const moving = together(block);
        const next = open(heading, false);
        next.append(...moving);
        if (isTooTall(next) && moving.length > 1 && !isHeading(moving.at(-2))) screen.append(...moving.slice(0, -1));
        screen = next;
      }
    }
    screens.forEach((screen, number) => {
      fit(screen);
      screen.dataset.number = `${number + 1} / ${screens.length}`;
    });
    go(Math.max(0, screens.findIndex((screen) => screen.contains(shown))));
  }

  function go(to) {
    at = Math.min(Math.max(to, 0), screens.length - 1);
    screens[at].scrollIntoView({ behavior: "instant" });
  }

  /* What is folded, from the outside in; when nothing is left to open, all is folded again. */
  function unfold() {
    const folds = [...screens[at].querySelectorAll("details")];
    const next = folds.find((fold) => !fold.open && !fold.parentElement.closest("details:not([open])"));
    if (next) next.open = true;
    else for (const fold of folds) fold.open = false;
  }

  const keys = {
    ArrowRight: () => go(at + 1),
    ArrowDown: () => go(at + 1),
    PageDown: () => go(at + 1),
    " ": () => go(at + 1),
    ArrowLeft: () => go(at - 1),
    ArrowUp: () => go(at - 1),
    PageUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(screens.length - 1),
    Enter: unfold,
  };

  document.addEventListener("keydown", (event) => {
    const control = event.target.closest?.("summary, a, audio, button");
    const isScrolled = screens[at].classList.contains("taller") && /^(Arrow(Up|Down)|Page)/.test(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey || isScrolled || !(event.key in keys)) return;
    if (control && (event.key === "Enter" || event.key === " ")) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("toggle", (event) => fit(event.target.closest("section")), true);
  addEventListener("scrollend", () => {
    at = Math.round(scrollY / innerHeight);
  });
  addEventListener("resize", dealOut);
  dealOut();
})();
