"use strict";
// The answers of one annotator: kept in the browser at once, sent to the server until it has them.

const COLUMNS = ["annotator_id", "slot", "trial_no", "kind", "item_id", "answer", "rt_ms", "answered_at"];

class Answers {
  // `server` says whether there is one; without it the annotator takes the answers away as a file.
  constructor(study, annotator, slot, server, onChange) {
    Object.assign(this, { study, annotator, slot, server, onChange });
    this.name = `egoalign ${study} ${slot} ${annotator}`;
    this.byItem = {};
    this.unsent = new Set();
    this.problem = "";
    this.sending = null;
  }

  // Take up what this browser holds and what the server has; what only the browser has is sent.
  resume(stored) {
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(this.name)) || {};
    } catch {
      // No storage in this browser, or a damaged entry: the server's answers remain.
    }
    this.byItem = { ...kept };
    for (const row of stored) this.byItem[row.item_id] = row;
    if (this.server) {
      const sent = new Set(stored.map((row) => row.item_id));
      this.unsent = new Set(Object.keys(kept).filter((item) => !sent.has(item)));
      this.send();
    }
  }

  has(item) {
    return item in this.byItem;
  }

  add(answer) {
    const row = { annotator_id: this.annotator, slot: this.slot, ...answer };
    this.byItem[row.item_id] = row;
    try {
      localStorage.setItem(this.name, JSON.stringify(this.byItem));
    } catch {
      // As above: then only the server holds it.
    }
    if (this.server) {
      this.unsent.add(row.item_id);
      this.send();
    }
  }

  // Send what was not acknowledged, one after the other, until everything is.
  send() {
    this.sending = this.sending || this.sendAll().finally(() => { this.sending = null; });
    return this.sending;
  }

  async sendAll() {
    for (let wait = 500; this.unsent.size > 0; ) {
      const [item] = this.unsent;
      const { answer, rt_ms, answered_at } = this.byItem[item];
      const body = { annotator: this.annotator, item, answer, rt_ms, answered_at };
      const reply = await post("api/answer", body);
      if (reply.ok || reply.refused) {
        this.unsent.delete(item);
        this.problem = reply.refused ? reply.error : "";
        wait = 500;
      } else {
        this.problem = "The server does not answer.";
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(2 * wait, 8000);
      }
      this.onChange(this);
    }
  }

  rows() {
    return Object.values(this.byItem).sort((one, other) => one.trial_no - other.trial_no);
  }

  json() {
    return JSON.stringify({ study: this.study, answers: this.rows() }, null, 1);
  }

  csv() {
    const cell = (value) => (value === null || value === undefined ? "" : String(value));
    const lines = this.rows().map((row) => COLUMNS.map((name) => cell(row[name])).join(","));
    return [COLUMNS.join(","), ...lines].join("\n") + "\n";
  }
}

// Returns {ok, refused, none, error, ...reply}: refused by the server, or no such server there.
async function post(address, body) {
  try {
    const reply = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const isOurs = (reply.headers.get("Content-Type") || "").startsWith("application/json");
    const values = isOurs ? await reply.json() : {};
    const refused = isOurs && reply.status >= 400 && reply.status < 500;
    return { ...values, ok: reply.ok && isOurs, refused, none: !isOurs && reply.status < 500 };
  } catch {
    return { ok: false, refused: false, none: false, error: "The server does not answer." };
  }
}
