/** What the extension takes of JupyterLab and CodeMirror, as its modules read it. */

/** Packages by name, then by version, as webpack's module federation shares them. */
export type Scope = Record<string, Record<string, { get(): Promise<() => unknown> }>>;

/** A piece of a line, what it is, and where. */
export interface Part { kind: Kind; from: number; to: number }
export type Kind = "magic" | "name" | "option" | "value" | "operator" | "type" | "comment";

/** The line that makes a cell prose: which magic, where it stands, and how its body reads. */
export interface First { magic: string; from: number; to: number; body: Body }
export type Body = "prose" | "members" | "arrows";

/** The part of CodeMirror's documents that is read here. */
export interface Heads { lines: number; line(n: number): { from: number; to: number; text: string } }
export interface Text extends Heads { length: number; lineAt(at: number): { number: number }; sliceString(from: number, to: number): string }

/** The part of @lezer/markdown's parser that blocks and inline elements are made with. */
export interface Line { text: string }
export interface BlockContext {
  lineStart: number;
  input?: { read(from: number, to: number): string };
  nextLine(): boolean;
  addElement(made: unknown): void;
  elt(type: string, from: number, to: number, children?: unknown[]): unknown;
}
export interface InlineContext {
  end: number;
  slice(from: number, to: number): string;
  addElement(made: unknown): number;
  elt(type: string, from: number, to: number, children?: unknown[]): unknown;
}

/** A run, as nbext/panel/rows.py tells it. */
export interface Run {
  id: string; name: string; actor: string; state: string; started: number; ended: number | null;
  calls: number; tokens: number; cost_usd: number | null; place: string | null; budget_usd: number | null;
  doing: string; mine: boolean;
  /** The run that it repeats or branches off, if any; a kernel of an earlier version tells none. */
  origin?: string;
}
export interface Sum { cost_usd: number; unpriced: number; tokens: number; runs: number }
export interface Actor { name: string; what: string; model: string; tools: string[]; called: string }
export interface Question { id: string; run: string; agent: string; text: string; options: string[]; default: string; words: boolean }
/** What changed since the last news; the first one has everything. */
export interface News {
  kind: "news"; protocol: number; version: string; whole: boolean; runs: Run[]; today: Sum;
  actors?: Actor[]; questions?: Question[];
  /** Why the log cannot be read. */
  trouble?: string;
}
/** A line of a transcript or of the list of events. */
export interface ListLine { kind: string; title: string; text: string; depth: number }
export interface Lines { type: "lines"; rev: number; lines: ListLine[]; left: number }

/** Who shows runs and takes orders about them: an open notebook's kernel, or a log. */
export interface Source {
  /** Told when a run changed. */
  watch(run: string, callback: () => void): () => void;
  order(order: Record<string, unknown>): Promise<any>;
}

/** Something said to an actor, and its answer as Markdown that does nothing; see nbext/panel/chat.py. */
export interface Turn { run: string; actor: string; said: string; state: string; shown: string; graph: boolean }
/** Turns that changed, or all of them. */
export interface ChatNews { kind: "chat"; protocol: number; whole: boolean; turns: Turn[] }
