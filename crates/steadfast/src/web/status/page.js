// Keeps the page live. The server renders every section; this only puts them in place.
"use strict";

(() => {
  const link = document.getElementById("link");
  const linkText = document.getElementById("link-text");
  const stale = document.getElementById("stale");
  const announcer = document.getElementById("announcer");
  // The service says something every second. A path that went silent ends nothing by itself.
  const patience = 5000;
  const retryAfter = 1500;
  let source = null;
  let lastNews = Date.now();

  function show(state, text) {
    if (link.dataset.link === state) return;
    link.dataset.link = state;
    linkText.textContent = text;
  }

  function isLive() {
    lastNews = Date.now();
    if (!stale.hidden) {
      stale.hidden = true;
      announcer.textContent = "The service answers again.";
    }
    document.body.classList.remove("is-stale");
    show("live", "Live");
  }

  function isStale() {
    if (stale.hidden) {
      const taken = document.getElementById("taken");
      document.getElementById("stale-since").textContent = taken ? taken.textContent : "earlier";
      stale.hidden = false;
      announcer.textContent = "The service does not answer; this page is stale.";
    }
    document.body.classList.add("is-stale");
    show("lost", "Connection lost");
  }

  // Replaces a section without closing what is open in it, without moving what is scrolled, and without taking the focus.
  function replace(section, html) {
    const focused = section.contains(document.activeElement) ? document.activeElement.id : "";
    const open = Array.from(section.querySelectorAll("details[open]"), (details) => details.id);
    const scrolled = Array.from(section.querySelectorAll(".scroll"), (box) => [box.scrollLeft, box.scrollTop]);
    section.innerHTML = html;
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    section.querySelectorAll(".scroll").forEach((box, index) => {
      if (scrolled[index]) [box.scrollLeft, box.scrollTop] = scrolled[index];
    });
    if (focused) {
      const element = document.getElementById(focused);
      if (element) element.focus({ preventScroll: true });
    }
  }

  function isBeingRead(section) {
    const selection = document.getSelection();
    return Boolean(selection && !selection.isCollapsed && section.contains(selection.anchorNode));
  }

  function take(news) {
    if (news.build !== document.body.dataset.build) {
      location.reload();
      return;
    }
    const before = document.getElementById("headline").textContent;
    for (const [name, html] of Object.entries(news.sections)) {
      const section = document.getElementById(name);
      if (section && !isBeingRead(section)) replace(section, html);
    }
    const after = document.getElementById("headline").textContent;
    if (after !== before) {
      announcer.textContent = after;
      document.title = "steadfast: " + after.charAt(0).toLowerCase() + after.slice(1);
    }
  }

  function connect() {
    if (source) source.close();
    source = new EventSource("/status/live");
    source.onmessage = (message) => {
      isLive();
      take(JSON.parse(message.data));
    };
    source.onerror = () => {
      isStale();
      // The browser tries again by itself, unless it was answered by something else than a stream of events.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, retryAfter);
    };
  }

  setInterval(() => {
    if (document.hidden || Date.now() - lastNews < patience) return;
    isStale();
    lastNews = Date.now();
    connect();
  }, 1000);

  // A page that nobody sees asks for nothing.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      if (source) source.close();
      source = null;
    } else if (!source) {
      lastNews = Date.now();
      connect();
    }
  });

  show("connecting", "Connecting");
  connect();
})();
