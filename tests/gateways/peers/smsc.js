// An SMSC by the npm package smpp, which shares no code with ours. A test drives it with JSON lines on stdin and reads
// what happens to it as JSON lines from stdout (tests/gateways/smsc.py).
"use strict";

const fs = require("fs");
const readline = require("readline");
const smpp = require("smpp");

const [, , certificate, key] = process.argv;
const tls = certificate ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};

const tell = (what, fields = {}) => process.stdout.write(JSON.stringify({ what, ...fields }) + "\n");
const hex = (value) => (Buffer.isBuffer(value) ? value.toString("hex") : value);

let nextId = 1;
let statuses = []; // of the answers to come: a number, "silence" or "hang up"
let idBase = 10;
let bindStatus = 0;
let current = null;
let limit = Infinity; // binds at a time
let hangs = false; // whether submit_sm gets no answer
const held = []; // answers that were not given while it hung
const bound = new Set();
let binds = 0;

function submitted(session, pdu) {
  const { message, udh } = pdu.short_message;
  tell("submit_sm", {
    bind: session.number,
    source: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr],
    destination: [pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr],
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery,
    text: message,
    udh: udh ? udh.map(hex) : null,
  });
  const status = statuses.length ? statuses.shift() : 0;
  if (status === "silence") return;
  if (status === "hang up") return session.destroy();
  const answer = () => session.send(pdu.response(status ? { command_status: status } : { message_id: (nextId++).toString(idBase) }));
  if (hangs) return held.push(answer);
  answer();
}

const server = smpp.createServer(tls, (session) => {
  session.on("error", () => {});
  session.on("bind_transceiver", (pdu) => {
    tell("bind", { system_id: pdu.system_id, password: pdu.password, system_type: pdu.system_type, version: pdu.interface_version });
    const status = bindStatus || (bound.size < limit ? 0 : 0x05); // ESME_RALYBND
    session.send(pdu.response(status ? { command_status: status } : { system_id: "peer" }));
    if (status) return tell("refused");
    current = session;
    session.number = ++binds;
    bound.add(session);
    tell("bound", { now: bound.size });
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("enquire_link", (pdu) => { tell("enquire_link"); session.send(pdu.response()); });
  session.on("unbind", (pdu) => { bound.delete(session); tell("unbind"); session.send(pdu.response()); });
  session.on("close", () => { bound.delete(session); tell("closed"); });
});

const orders = {
  answer: (order) => { statuses = order.statuses; },
  ids: (order) => { nextId = order.next; idBase = order.base; },
  bind: (order) => { bindStatus = order.status; },
  limit: (order) => { limit = order.binds; },
  hang: () => { hangs = true; },
  "go on": () => { hangs = false; held.splice(0).forEach((answer) => answer()); },
  // The filters of the package turn {udh, message} into octets; Buffers travel as hex.
  deliver: (order) => {
    const fields = order.fields;
    if (fields.short_message && fields.short_message.udh) fields.short_message.udh = Buffer.from(fields.short_message.udh, "hex");
    current.deliver_sm(fields, (answer) => tell("deliver_sm_resp", { tag: order.tag, status: answer.command_status }));
  },
  enquire: () => current.enquire_link((answer) => tell("enquire_link_resp", { status: answer.command_status })),
  query: () => current.query_sm({ message_id: "1" }, (answer) => tell(answer.command, { status: answer.command_status })),
  unbind: () => current.unbind((answer) => tell("unbind_resp", { status: answer.command_status })),
  drop: () => current.destroy(),
};

readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => { const order = JSON.parse(line); orders[order.do](order); tell("told"); })
  .on("close", () => process.exit(0));
server.listen(0, "127.0.0.1", () => tell("listening", { port: server.address().port }));
