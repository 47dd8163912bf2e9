/** The steps of a plan: what is done to a host, in order, each with its reason. Performing one makes no choice. */
import type { Fact, Namespace } from './facts.ts';

/** Brings a fact about that is not there. Performing it when it is there already is no error. */
export interface AddStep {
  readonly do: 'add';
  readonly fact: Fact;
  readonly why: string;
}

/** Turns one state of a thing into another. */
export interface ChangeStep {
  readonly do: 'change';
  readonly fact: Fact;
  readonly was: Fact;
  readonly why: string;
}

/** Takes a thing away. Performing it when it is gone already is no error. */
export interface RemoveStep {
  readonly do: 'remove';
  readonly fact: Fact;
  readonly why: string;
}

/** Cuts the connections that a removed translation made, and no others. */
export interface CutStep {
  readonly do: 'cut';
  readonly namespace: Namespace;
  readonly connections: TranslatedConnections;
  readonly why: string;
}

/** Connections by their translation: those to `destination` (and ports) that were sent on to `target`. */
export interface TranslatedConnections {
  /** The address that clients connected to. */
  readonly destination: string;
  /** A protocol name, or null for all. */
  readonly protocol: string | null;
  /** The ports that clients connected to, or null for all. */
  readonly ports: { readonly first: number; readonly last: number } | null;
  /** The inside address. */
  readonly target: string;
}

export type Step = AddStep | ChangeStep | RemoveStep | CutStep;

/** What came of a step that failed. */
export interface StepFailure {
  readonly step: Step;
  /** The command, its exit code and its output, as a person reads it. */
  readonly error: string;
}
