"use strict";
const teller = window.parent === window ? window.opener : window.parent;
teller?.postMessage(location.search.slice(1), "*");
