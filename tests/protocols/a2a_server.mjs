// An agent made with @a2a-js/sdk: it asks, streams, sends a file, and takes long.
import express from "express";
import { TaskState, Role } from "@a2a-js/sdk";
import { DefaultRequestHandler, InMemoryTaskStore, AgentEvent } from "@a2a-js/sdk/server";
import { UserBuilder, agentCardHandler, jsonRpcHandler, restHandler } from "@a2a-js/sdk/server/express";

const port = Number(process.argv[2]);
const at = `http://127.0.0.1:${port}`;
const mode = { tenant: "", protocolVersion: "1.0" };
const card = {
  name: "js agent", description: "An agent of others.", version: "1.0.0", provider: undefined,
  supportedInterfaces: [
    { url: `${at}/rpc`, protocolBinding: "JSONRPC", ...mode },
    { url: `${at}/rest`, protocolBinding: "HTTP+JSON", ...mode },
  ],
  capabilities: { streaming: true, pushNotifications: false, extensions: [] },
  securitySchemes: {}, securityRequirements: [], signatures: [], iconUrl: "",
  defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"],
  skills: [{ id: "s", name: "speak", description: "Speaks.", tags: ["x"], examples: [],
             inputModes: [], outputModes: [], securityRequirements: [] }],
};
const text = (value) => ({ content: { $case: "text", value }, metadata: undefined, filename: "", mediaType: "" });

class Executor {
  async execute(context, bus) {
    const { taskId, contextId, userMessage, task } = context;
    const said = userMessage.parts.map((one) => one.content?.value ?? "").join("");
    const state = (name, message) => bus.publish(AgentEvent.statusUpdate({
      taskId, contextId, metadata: undefined,
      status: { state: name, timestamp: new Date().toISOString(), message: message && {
        messageId: `${taskId}-${said.length}`, contextId, taskId, role: Role.ROLE_AGENT, parts: [text(message)],
        metadata: undefined, extensions: [], referenceTaskIds: [],
      } },
    }));
    const artifact = (parts, append, lastChunk) => bus.publish(AgentEvent.artifactUpdate({
      taskId, contextId, append, lastChunk, metadata: undefined,
      artifact: { artifactId: "a", name: "a", description: "", parts, metadata: undefined, extensions: [] },
    }));
    if (said === "message") {
      bus.publish(AgentEvent.message({
        messageId: "m", contextId, taskId: "", role: Role.ROLE_AGENT, parts: [text("hello")],
        metadata: undefined, extensions: [], referenceTaskIds: [],
      }));
      bus.finished();
      return;
    }
    bus.publish(AgentEvent.task(task ?? {
      id: taskId, contextId, artifacts: [], history: [userMessage], metadata: undefined,
      status: { state: TaskState.TASK_STATE_SUBMITTED, timestamp: new Date().toISOString(), message: undefined },
    }));
    state(TaskState.TASK_STATE_WORKING, undefined);
    if (said === "ask") {
      state(TaskState.TASK_STATE_INPUT_REQUIRED, "Which dock?");
      bus.finished();
      return;
    }
    if (said === "fail") {
      state(TaskState.TASK_STATE_FAILED, "the harbour is closed");
      bus.finished();
      return;
    }
    for (const [n, piece] of ["heard ", said].entries()) artifact([text(piece)], n > 0, false);
    const raw = { content: { $case: "raw", value: Buffer.from("a,b\n1,2\n") }, metadata: undefined,
                  filename: "t.csv", mediaType: "text/csv" };
    if (said === "file") artifact([raw], true, true);
    state(TaskState.TASK_STATE_COMPLETED, undefined);
    bus.finished();
  }
  async cancelTask(taskId, bus) {}
}

const handler = new DefaultRequestHandler(card, new InMemoryTaskStore(), new Executor());
const app = express();
app.use("/.well-known/agent-card.json", agentCardHandler({ agentCardProvider: handler }));
const options = { requestHandler: handler, userBuilder: UserBuilder.noAuthentication };
app.use("/rpc", jsonRpcHandler(options));
app.use("/rest", restHandler(options));
app.listen(port, "127.0.0.1", () => console.log("ready"));
