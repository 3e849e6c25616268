"use strict";
console.log(`REPORT ${JSON.stringify({ isolated: crossOriginIsolated })}`);
