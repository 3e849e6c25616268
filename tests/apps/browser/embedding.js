"use strict";
// What an application shows in frames and opens in windows, and who hears of it.
const heard = new Set();
let tell = () => {};
window.onmessage = (message) => {
  heard.add(`${message.data} ${message.origin}`);
  tell();
};

// A frame that is refused loads a page of the browser's own, which sends no message.
function frame(origin) {
  return new Promise((resolve) => {
    const element = document.createElement("iframe");
    element.onload = () => resolve(heard.has(`framed ${origin}`) ? "shown" : "refused");
    element.src = `${origin}/told?framed`;
    document.body.append(element);
  });
}

function login() {
  return new Promise((resolve) => {
    tell = () => heard.has("login https://foreign.test") && resolve("told");
    setTimeout(() => resolve("not told"), 20000);
    window.open("https://foreign.test/told?login");
  });
}

async function report() {
  const own = await frame("https://shop.test");
  const foreign = await frame("https://foreign.test");
  const window = await login();
  console.log(`REPORT ${JSON.stringify({ own, foreign, window })}`);
}

report();
