// The openai client of npm against a gateway: node client.mjs <its package> <base URL> <form> <what>; prints JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, baseURL, form, what] = process.argv.slice(2);
const { module, main } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const { default: OpenAI } = await import(pathToFileURL(join(folder, module ?? main)));
const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0 });

const parameters = { type: "object", properties: { city: { type: "string" } } };
const question = [{ role: "user", content: "Rain in Oslo?" }];

const chat = {
  async ask(messages, stream, tools) {
    const asked = { model: "default", messages, ...(tools && { tools }) };
    return stream
      ? client.chat.completions.stream(asked).finalChatCompletion()
      : client.chat.completions.create(asked);
  },
  tools: [{ type: "function", function: { name: "look_up", parameters } }],
  text: (answer) => answer.choices[0].message.content,
  call: (answer) => answer.choices[0].message.tool_calls[0].function,
  next: (answer, result) => {
    const message = answer.choices[0].message;
    return [message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: result }];
  },
};

const responses = {
  async ask(input, stream, tools) {
    const asked = { model: "default", input, ...(tools && { tools }) };
    return stream ? client.responses.stream(asked).finalResponse() : client.responses.create(asked);
  },
  tools: [{ type: "function", name: "look_up", parameters, strict: false }],
  text: (answer) => answer.output_text,
  call: (answer) => answer.output.find((item) => item.type === "function_call"),
  next: (answer, result) => {
    const call = responses.call(answer);
    return [...answer.output, { type: "function_call_output", call_id: call.call_id, output: result }];
  },
};

const speaks = { openai: chat, responses }[form];
const [kind, how] = what.split("-");
try {
  if (kind === "say") {
    const answer = await speaks.ask(question, how === "streamed");
    console.log(JSON.stringify({ text: speaks.text(answer), model: answer.model }));
  } else {
    const first = await speaks.ask(question, how === "streamed", speaks.tools);
    const { name, arguments: text } = speaks.call(first);
    const messages = [...question, ...speaks.next(first, "Heavy rain.")];
    const second = await speaks.ask(messages, how === "streamed", speaks.tools);
    console.log(JSON.stringify({ name, arguments: JSON.parse(text), text: speaks.text(second), model: second.model }));
  }
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  const { status, code } = error;
  const told = { kind: error.constructor.name, status, code, retryAfter: error.headers?.get("retry-after") };
  console.log(JSON.stringify({ ...told, message: error.message }));
}
