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
export interface Text { length: number; lines: number; line(n: number): { from: number; to: number; text: string }; toString(): string }

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
