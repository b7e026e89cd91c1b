// The figures of the first page: asked of the api under the same name, shown with the ledger they speak for. Everything that comes from outside is
// put into the page as text, never as markup. Amounts stay texts: no figure of money goes through a floating-point number.

const every = 30_000; // ms between two times of asking, while the page is looked at
const patience = 10_000; // ms for one answer
const shown = 10; // trades in the list

const at = (id) => document.getElementById(id);

class Trouble extends Error {
  constructor(what, next) {
    super(what);
    this.next = next;
  }
}

async function ask(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json" }, credentials: "omit", signal: AbortSignal.timeout(patience) });
  } catch (err) {
    if (err.name === "TimeoutError") {
      throw new Trouble(`The platform did not answer within ${patience / 1000} seconds.`, "It may be busy. Your money is safe: the contract holds it, not this site. Deadlines go on.");
    }
    throw new Trouble("The platform cannot be reached.", "See whether you are online, then ask again. Your money is safe: the contract holds it, not this site. Deadlines go on.");
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  if (!/\bjson\b/.test(kind)) {
    throw new Trouble(`There is no api behind this address (${path}: ${answer.status}).`, "Whoever runs this site has to send /v1 to the api.");
  }
  let body;
  try {
    body = await answer.json();
  } catch {
    throw new Trouble("The platform’s answer was cut off.", "Ask again.");
  }
  if (!answer.ok) {
    throw new Trouble(body.detail || body.title || `The platform answers ${answer.status}.`, body.next_step || "Ask again in a while.");
  }
  return body;
}

const moment = (time) => String(time).replace("T", " ").replace(/:\d\dZ$/, " UTC");

const short = (id) => (id.length > 16 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id);

function timeElement(time) {
  const element = document.createElement("time");
  element.dateTime = time;
  element.textContent = moment(time);
  return element;
}

const ledgerText = (ledger) => `ledger ${ledger.sequence}, closed ${moment(ledger.closed_at)}`;

// percent writes hundredths of a percent: 50 is 0.5 %.
function percent(bps) {
  const rest = String(bps % 100).padStart(2, "0").replace(/0+$/, "");
  return `${Math.floor(bps / 100)}${rest ? "." + rest : ""} %`;
}

// figure groups the whole part of an amount and leaves out zeros behind the second decimal.
function figure(amount) {
  if (amount === undefined) return "unknown";
  const [whole, part = ""] = String(amount).split(".");
  const decimals = part.replace(/0+$/, "").padEnd(Math.min(2, part.length), "0");
  return whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (decimals ? "." + decimals : "");
}

// unit names an asset. A code alone proves nothing: whoever likes can issue another USDC, so one that this platform does not recommend comes with its issuer.
function unit(asset, recommended) {
  if (asset.kind !== "stellar" || !asset.code) return `token ${short(asset.contract)}`;
  if (recommended.has(asset.contract) || !asset.issuer) return asset.code;
  return `${asset.code} of ${short(asset.issuer)}`;
}

function cell(row, text, className) {
  const element = row.insertCell();
  element.append(text);
  if (className) element.className = className;
}

function showPlatform(platform) {
  at("network").textContent = platform.passphrase;
  at("open").textContent = platform.paused ? "paused: no new trades and deposits, everything else goes on" : "open";
  at("fee").textContent = `${percent(platform.fee_bps)} of what a seller receives`;
  at("assets").textContent = platform.assets.map((asset) => (asset.issuer ? `${asset.code} of ${short(asset.issuer)}` : asset.code || short(asset.contract))).join(", ") || "none";
  at("contract").textContent = platform.contract;
  at("ledger").textContent = `${ledgerText(platform.projected)}; the network is at ${platform.network_ledger.sequence}`;
  at("figures").hidden = false;
}

function showTrades(page, recommended) {
  const rows = at("rows");
  rows.replaceChildren();
  for (const trade of page.trades) {
    const row = rows.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    const link = document.createElement("a");
    link.href = `/v1/trades/${encodeURIComponent(trade.id)}`;
    link.textContent = short(trade.id);
    name.append(link);
    row.append(name);
    const of = unit(trade.asset, recommended);
    cell(row, trade.stage);
    cell(row, `${figure(trade.total)} ${of}`, "number");
    cell(row, `${figure(trade.held)} ${of}`, "number");
    cell(row, timeElement(trade.opened_at));
  }
  at("list").hidden = page.trades.length === 0;
  at("speaks").textContent = page.trades.length > 0 ? `As of ${ledgerText(page.ledger)}.` : `No trade has been opened up to ${ledgerText(page.ledger)}.`;
  at("speaks").hidden = false;
}

let asking = false;
let last; // the ledger that what is shown speaks for

async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const [platform, trades] = await Promise.all([ask("/v1/platform"), ask(`/v1/trades?limit=${shown}`)]);
    // All of it is looked at before any of it is shown.
    if (!Array.isArray(platform.assets) || !platform.ledger || !platform.projected || !platform.network_ledger || !Array.isArray(trades.trades) || !trades.ledger) {
      throw new TypeError("another answer than the api gives");
    }
    showPlatform(platform);
    showTrades(trades, new Set(platform.assets.map((asset) => asset.contract)));
    last = trades.ledger;
    at("status").textContent = `As of ${ledgerText(platform.ledger)}.`;
    at("trouble").hidden = true;
  } catch (err) {
    const known = err instanceof Trouble;
    at("trouble-what").textContent = known ? err.message : "The platform’s answer could not be understood.";
    at("trouble-next").textContent = known ? err.next : "Load this page anew; if it stays so, tell whoever runs this site.";
    at("trouble").hidden = false;
    at("status").textContent = last ? `What is shown is old: it speaks for ${ledgerText(last)}.` : "There are no figures at present.";
  } finally {
    asking = false;
  }
}

at("again").addEventListener("click", refresh);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});
setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, every);
refresh();
