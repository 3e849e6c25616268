"use strict";
// Tries to use the API of another site with its visitor's cookie, with and without a preflight.
const attempt = (options) =>
  fetch("https://api.shop.test/orders/7", { credentials: "include", ...options }).then(
    (answer) => answer.status,
    (fault) => fault.name,
  );

async function report() {
  const read = await attempt({});
  const write = await attempt({ method: "PUT", headers: { "X-Custom": "custom" }, body: "{}" });
  console.log(`REPORT ${JSON.stringify({ read, write })}`);
}

report();
