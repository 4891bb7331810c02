/** What Python sends and a front end gives, as the modules here read it. */

export interface Model {
  get(name: string): any;
  send(content: object): void;
  on(event: string, callback: (message: any) => void): void;
  off(event: string, callback: (message: any) => void): void;
}

export interface Shown { model: Model; el: HTMLElement }

/** What changed from one revision to another; `data` is the view's own. */
export interface Patch<D> {
  type: "patch";
  from: number;
  rev: number;
  /** Unix time in seconds of the oldest event in it. */
  t?: number;
  data: D;
  /** Characters that actors wrote since the last patch. */
  streams?: Record<string, number>;
}

export type Answer = { req?: string } & (
  | { type: "page"; name: string; total: number; start: number; items: Letter[] }
  | { type: "text"; run: string; seq: number; kind: string; text: string }
  | { type: "detail"; detail: { rows: [string, string][]; branches: Branch[] } | null }
);

export interface Branch { name: string; line: string; help: string }

/** Any view: whether some run goes on. */
export interface Live { rev: number; live?: boolean }

export interface Kinds { [kind: string]: number }

export interface GraphNode {
  id: string; label: string; what: string; model: string | null; state: string; doing: string;
  asked: number; activations: number; calls: number; tokens: number; cost_usd: number | null;
  unpriced: number; notes: Kinds; grave: boolean; sub?: string; trust?: Trust;
}
/** What is known of words; left out where nothing is to be said. */
export interface Trust { integrity: string; confidentiality: string }
export interface GraphEdge {
  id: string; source: string; target: string; kinds: Kinds; kind: string; count: number; label?: string; trust?: Trust;
}
export interface Route { d: string; head: string; label: [number, number] }
export interface Layout {
  width: number; height: number;
  /** Middle, width and height of each card. */
  nodes: Record<string, [number, number, number, number]>;
  edges: Record<string, Route>;
}
/** `by` is the run that called it. */
export interface Run { id: string; name: string; status: string; by?: string }
export interface GraphData extends Live { runs: Run[]; nodes: GraphNode[]; edges: GraphEdge[]; layout: Layout | null }

/** A message in the list beside the graph. */
export interface Letter {
  run: string; seq: number; after_s: number; kind: string; source: string; target: string;
  text: string; more: boolean; tokens: number | null; cost_usd: number | null; branches?: Branch[]; trust?: Trust;
}

export type Segment = [number, number];
export interface Lane {
  id: string; label: string; depth: number; rows: number;
  spans: [number, number | null][];
  /** When, what about, and whether it is trouble. */
  notes: [number, string, boolean][];
}
export interface Totals { wall_s: number; busy_s: number; idle_s: number; waited_s: number; steps: number; reused: number }
export interface TimelineData extends Live {
  live: boolean; segments: Segment[]; order: string[]; lanes: Lane[];
  /** In the order of FIELDS. */
  bars: unknown[][];
  totals: Totals;
}
export interface Bar {
  id: number; lane: string; row: number; kind: string; label: string; start: number; end: number | null;
  status: string; reused: boolean; detail: string; inside: boolean;
  /** Row and lane, under which neighbours are drawn together; empty where they are not. */
  place: string;
}
/** A bar as it is drawn, or several too thin to be seen alone. */
export interface Rect extends Bar { open: boolean; x: number; x1: number; n: number }

export interface Usage { tokens_in: number; tokens_out: number; tokens_cached: number; calls: number }
export interface Account extends Usage {
  name: string; cost_usd: number | null; unpriced: number; p50_s: number | null; p95_s: number | null;
  failed: number; saved: Usage; saved_usd: number | null; saved_steps: number;
}
export interface LedgerData extends Live { total: Account; latest: Account | null; actors: Account[]; models: Account[] }

export interface Cell { answer: string | null; tone: number | null; changed: boolean; right: boolean | null; absent: string; mark: string }
export interface Round { label: string; cells: Record<string, Cell>; lead: string[]; votes: string; right: boolean | null }
export interface BallotTable { id: string; path: string; members: string[]; rounds: Round[]; said: string; remarks: string[] }
export interface BallotsData extends Live { tables: BallotTable[] }

export interface Step {
  id: string; task: string; actor: string; needs: string[]; state: string; told: string; took_s: number | null;
  at: [number, number, number, number]; lines: string[];
}
export interface Draft {
  title: string; why: string; text: string; steps: Step[]; edges: { from: string; to: string; d: string }[];
  width: number; height: number;
}
export interface Plan { id: string; path: string; what: string; drafts: Draft[]; flaws: string[]; said: string }
export interface PlanData extends Live { plans: Plan[] }

export interface Turn { n: number; speaker: string; reason: string; text: string; odd: string[] }
export interface Talk { id: string; path: string; members: { name: string; turns: number }[]; turns: Turn[]; open: boolean; said: string }
export interface SpeakersData extends Live { talks: Talk[] }

export interface Moment { what: string; who: string; told: string }
export interface Track { id: string; body: string; state: string; moments: Moment[] }
export interface LettersData extends Live { name: string; headline: string; letters: Track[] }

export interface Item { id: string; text: string; more: boolean; at: [number, number]; about: Record<string, unknown> }
export interface Hit { id: string; score: unknown; parts: Record<string, number>; text: string }
export interface Recall { n: number; query: string; who: string; at: [number, number] | null; hits: Hit[] }
export interface MapData extends Live { name: string; said: string; count: number; share: number; items: Item[]; recalls: Recall[] }

export interface Entry { id: string; part: string; text: string; tokens: number }
export interface WindowMoment { n: number; topic: string; who: string; used: number; window: number; told: string; summary: string; entries: Entry[] }
export interface PagingData extends Live { name: string; said: string; pressure: number | null; moments: WindowMoment[]; outside: { id: string; text: string }[] }

export interface Version { value: string; version: string; who: string; at: number | null; based_on: string; tone: number }
export interface Replica { name: string; behind: number; state: string }
export interface KeyRow { key: string; cells: Version[][] }
export interface ReplicasData extends Live {
  name: string; headline: string; replicas: Replica[]; keys: KeyRow[]; troubles: { n: number; topic: string; who: string; told: string }[];
}
