/**
 * The database of Open vSwitch: what we need of it is kept up to date in memory by a monitor, and changed by transactions. The
 * connection is made when it is needed, and made anew when it ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectOvsdb, type OvsdbConnection } from './ovsdb-connection.ts';
import { type Columns, optional } from './ovsdb-values.ts';

/** The columns that are kept, by table. */
const kept = {
  Open_vSwitch: ['bridges', 'next_cfg', 'cur_cfg'],
  Bridge: ['name', 'ports', 'datapath_type', 'fail_mode', 'external_ids'],
  Port: ['name', 'interfaces', 'tag', 'vlan_mode'],
  Interface: ['name', 'type', 'options', 'external_ids', 'ofport', 'error'],
} as const;

type Table = keyof typeof kept;

/** The rows of each table by uuid. */
export type Tables = { readonly [T in Table]: ReadonlyMap<string, Columns> };

/** An operation of a transaction (RFC 7047, 5.2). */
export type Operation = Readonly<Record<string, unknown>>;

/** The database of a host. */
export interface Ovsdb {
  /** The tables, as of now. Rejects when the database does not answer. */
  tables(): Promise<Tables>;
  /** Changes all or nothing, and waits until the switch has applied it. Rejects with what the database says, or the switch does not do. */
  transact(operations: readonly Operation[]): Promise<void>;
  /** Calls `changed` when a row changes, or the database goes or comes, until `stop` is called. */
  watch(changed: () => void): { stop(): void };
  close(): void;
}

const retryMs = 500;
/** How long the switch may take to apply a change. */
const applyMs = 10_000;

interface Session {
  readonly connection: OvsdbConnection;
  readonly tables: { readonly [T in Table]: Map<string, Columns> };
}

function takeUpdate(tables: Session['tables'], update: unknown): void {
  for (const [table, rows] of Object.entries((update ?? {}) as Record<Table, Record<string, { new?: Columns }>>))
    for (const [uuid, row] of Object.entries(rows)) {
      if (row.new) tables[table as Table].set(uuid, row.new);
      else tables[table as Table].delete(uuid);
    }
}

/** The database at `where`: `unix:PATH` or `tcp:HOST:PORT`. Nothing is opened before it is asked. */
export function openOvsdb(where: string): Ovsdb {
  const watchers = new Set<() => void>();
  /** Who waits for the switch to apply something. */
  const waiting = new Set<{ heard(): void; closed(why: string): void }>();
  let opening: Promise<Session> | undefined;
  let closed = false;

  const told = () => {
    for (const watcher of watchers) watcher();
    for (const { heard } of waiting) heard();
  };

  async function open(): Promise<Session> {
    const tables = { Open_vSwitch: new Map(), Bridge: new Map(), Port: new Map(), Interface: new Map() };
    const connection = await connectOvsdb(where, {
      update(update) {
        takeUpdate(tables, update);
        told();
      },
      closed(why) {
        opening = undefined;
        for (const { closed: end } of waiting) end(why);
        told();
        void keepOpen();
      },
    });
    const requests = Object.fromEntries(Object.entries(kept).map(([table, columns]) => [table, { columns }]));
    takeUpdate(tables, await connection.request('monitor', ['Open_vSwitch', 'neutrino', requests]));
    if (closed) connection.close();
    return { connection, tables };
  }
  function session(): Promise<Session> {
    opening ??= open().catch((error: Error) => {
      opening = undefined;
      throw new Error(`the database of Open vSwitch does not answer: ${error.message}`);
    });
    return opening;
  }
  /** While someone watches, the connection is made anew. */
  async function keepOpen(): Promise<void> {
    while (watchers.size > 0 && !closed) {
      try {
        await session();
        return told();
      } catch {
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  }

  /** Waits until the switch has applied the configuration of a number. */
  async function applied({ tables }: Session, number: number): Promise<void> {
    const reached = () => [...tables.Open_vSwitch.values()].some((row) => Number(row.cur_cfg) >= number);
    if (reached()) return;
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        waiting.delete(one);
        settle();
      };
      const late = `ovs-vswitchd did not apply the change within ${applyMs} ms; does it run?`;
      const timer = setTimeout(() => done(() => reject(new Error(late))), applyMs);
      const one = {
        heard: () => reached() && done(resolve),
        closed: (why: string) => done(() => reject(new Error(`the database of Open vSwitch went away: ${why}`))),
      };
      waiting.add(one);
    });
  }

  return {
    async tables() {
      const { connection, tables } = await session();
      // What was changed before this is heard before the answer.
      await connection.request('echo', []);
      return tables;
    },
    async transact(operations) {
      const now = await session();
      const all = { table: 'Open_vSwitch', where: [] };
      const count = { ...all, op: 'mutate', mutations: [['next_cfg', '+=', 1]] };
      const number = { ...all, op: 'select', columns: ['next_cfg'] };
      const results = await now.connection.request('transact', ['Open_vSwitch', ...operations, count, number]);
      const answers = results as ({ error?: string; details?: string; rows?: Columns[] } | null)[];
      const refused = answers.find((answer) => answer?.error);
      if (refused) throw new Error(`OVSDB transaction: ${refused.error}: ${refused.details ?? ''}`);
      await applied(now, Number(optional(answers.at(-1)?.rows?.[0]?.next_cfg)));
    },
    watch(changed) {
      watchers.add(changed);
      void keepOpen();
      return { stop: () => void watchers.delete(changed) };
    },
    close() {
      closed = true;
      watchers.clear();
      void opening?.then(({ connection }) => connection.close()).catch(() => undefined);
    },
  };
}
