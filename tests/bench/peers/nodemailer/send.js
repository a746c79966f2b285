// nodemailer as a sender to compare with: pooled connections that are never recycled.
// node send.js compose|raw HOST PORT COUNT CONNECTIONS CONTENT
//   compose  every message is built from text and HTML (templating by split and join, the cheapest there is)
//   raw      64 prebuilt messages in turn: the transport alone
const nodemailer = require('nodemailer');
const MailComposer = require('nodemailer/lib/mail-composer');
const fs = require('fs');

const [mode, host, port, count, connections, contentFile] = process.argv.slice(2);
const content = JSON.parse(fs.readFileSync(contentFile));
const split = s => s.split(/\{\{ (\w+) \}\}/);
const HTML = split(content.html), TEXT = split(content.text);
const escape = s => s.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' }[c]));
const fill = (parts, reader, f) => parts.map((p, i) => i % 2 ? f(reader[p]) : p).join('');

const SITE = 'https://letters.weekly.example';
const reader = i => {
  const token = (i * 2654435761).toString(16).padStart(40, '0');
  return {
    email: `subscriber${i}@example${i % 500}.net`,
    name: content.names[i % content.names.length],
    web_url: `${SITE}/archive/weekly/bench`,
    unsubscribe_url: `${SITE}/unsubscribe/${token}`,
    preferences_url: `${SITE}/preferences/${token}`,
    poll_url: `${SITE}/poll/${token}`,
  };
};
const fields = r => ({
  from: 'News <news@example.org>', to: r.email, subject: content.subject,
  text: fill(TEXT, r, s => s), html: fill(HTML, r, escape),
  headers: { 'List-Unsubscribe': `<${r.unsubscribe_url}>` },
});
const envelope = r => ({ from: 'bounce@news.example.org', to: [r.email] });

async function main() {
  const prebuilt = [];
  for (let i = 0; mode === 'raw' && i < 64; i++) prebuilt.push(await new MailComposer(fields(reader(i))).compile().build());
  const transport = nodemailer.createTransport({
    pool: true, host, port: +port, secure: false, name: 'client.example.org',
    maxConnections: +connections, maxMessages: Infinity,
    ignoreTLS: true,
  });
  let next = 0;
  const worker = async () => {
    while (next < +count) {
      const i = next++, r = reader(i);
      await transport.sendMail(mode === 'raw' ? { envelope: envelope(r), raw: prebuilt[i % 64] } : { ...fields(r), envelope: envelope(r) });
    }
  };
  await Promise.all(Array.from({ length: +connections * 2 }, worker));
  transport.close();
}
main().catch(e => { console.error(e); process.exit(1); });
