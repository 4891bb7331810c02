// A client made with @a2a-js/sdk: what it hears goes to its output, one line of JSON for each.
import { Role } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";

const [url, binding, ...words] = process.argv.slice(2);
const transports = [binding === "JSONRPC" ? new JsonRpcTransportFactory() : new RestTransportFactory()];
const client = await new ClientFactory({ transports }).createFromUrl(url);
let taskId = "", contextId = "";
for (const [n, said] of words.entries()) {
  const message = {
    messageId: `js-${binding}-${n}-${said}`, contextId, taskId, role: Role.ROLE_USER, extensions: [], referenceTaskIds: [],
    metadata: undefined,
    parts: [{ content: { $case: "text", value: said }, metadata: undefined, filename: "", mediaType: "" }],
  };
  const request = { tenant: "", message, configuration: undefined, metadata: undefined };
  for await (const event of client.sendMessageStream(request)) {
    const { $case, value } = event.payload ?? event;
    const state = value.status?.state;
    const texts = (value.artifact?.parts ?? value.status?.message?.parts ?? []).map((one) => one.content?.value);
    console.log(JSON.stringify({ kind: $case, state, texts }));
    taskId = value.id ?? value.taskId ?? taskId;
    contextId = value.contextId ?? contextId;
  }
}
