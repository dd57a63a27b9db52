// Reads mails (base64, one per line) and writes what postal-mime finds in each, as JSON, one per line.
import { createInterface } from "node:readline";
import PostalMime from "postal-mime";

for await (const line of createInterface({ input: process.stdin })) {
  const mail = await PostalMime.parse(Buffer.from(line, "base64"));
  const files = mail.attachments.map((file) => ({ filename: file.filename, type: file.mimeType, disposition: file.disposition }));
  console.log(JSON.stringify({ ...mail, attachments: files }));
}
