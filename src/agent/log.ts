/** What the agent tells the operator; one sentence for each call, no secrets. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** Says each thing once: a text is passed on only when it differs from the last one of its topic. */
export interface ChangeLog {
  /** Passes `text` on where it is new for the topic. */
  warn(topic: string, text: string): void;
  /** The topic is well again; `text` is said where something had been wrong. */
  clear(topic: string, text: string): void;
}

/** A log of changes on top of a log. One entry is kept for each topic that is not well. */
export function changeLog(log: Log): ChangeLog {
  const last = new Map<string, string>();
  return {
    warn(topic, text) {
      if (last.get(topic) === text) return;
      last.set(topic, text);
      log.warn(text);
    },
    clear(topic, text) {
      if (last.delete(topic)) log.info(text);
    },
  };
}
