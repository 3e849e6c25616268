"use strict";
// Does what a page does that needs the gateway to be right, and says on the console what worked. The console
// keeps its order, so that whatever the browser had to complain about stands before the report.

async function sameOrigin() {
  const answer = await fetch("/same", { method: "POST", body: "from the page" });
  const seen = await answer.json();
  return { status: answer.status, body: seen.body };
}

// Method and header ask for a preflight; the cookie of the page's answer must come along.
async function crossOrigin() {
  const answer = await fetch("https://api.shop.test/orders/7", {
    method: "PUT",
    credentials: "include",
    headers: { "Content-Type": "application/json", "X-Custom": "custom" },
    body: JSON.stringify({ count: 1 }),
  });
  const seen = await answer.json();
  const sent = Object.fromEntries(seen.headers.map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method: seen.method,
    custom: sent["x-custom"],
    cookie: sent.cookie,
    body: seen.body,
    exposed: answer.headers.get("x-total"),
    hidden: answer.headers.get("x-secret"),
  };
}

function chat() {
  return new Promise((resolve, reject) => {
    const heard = [];
    const socket = new WebSocket("wss://api.shop.test/chat");
    socket.onopen = () => ["one", "zwei ä", "x".repeat(70000)].forEach((text) => socket.send(text));
    socket.onerror = () => reject(new Error("no WebSocket"));
    socket.onmessage = (message) => {
      heard.push(message.data.length);
      if (heard.length === 3) socket.close(1000);
    };
    socket.onclose = (end) => resolve({ heard, clean: end.wasClean, code: end.code });
  });
}

// The origin sends the next event only once it hears of the one before: nothing on the way may collect them.
function events() {
  return new Promise((resolve, reject) => {
    const heard = [];
    const source = new EventSource("/events");
    source.onerror = () => reject(new Error(`the stream ended after ${heard.length}`));
    source.onmessage = (event) => {
      heard.push(event.data);
      if (heard.length === 3) {
        source.close();
        resolve(heard);
      } else {
        fetch("/next", { method: "POST" }).catch(reject);
      }
    };
  });
}

// How this file itself came: over which protocol, and smaller than it is.
function transfer() {
  const [file] = performance.getEntriesByName(new URL("/page.js", location).href);
  return { protocol: file.nextHopProtocol, compressed: file.encodedBodySize < file.decodedBodySize };
}

async function attempt(work) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("nothing happened")), 15000));
  return Promise.race([Promise.resolve().then(work), late]).catch((fault) => String(fault));
}

async function report() {
  const works = { sameOrigin, crossOrigin, chat, events, transfer };
  const results = await Promise.all(Object.values(works).map(attempt));
  const named = Object.fromEntries(Object.keys(works).map((name, at) => [name, results[at]]));
  console.log(`REPORT ${JSON.stringify(named)}`);
}

addEventListener("load", report);
