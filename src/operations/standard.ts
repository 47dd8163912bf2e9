/** The fields that every new row starts with. */
import type { Draft, Resource } from '../model/language.ts';
import type { Context } from './context.ts';

/** The columns of a standard resource that no operation sets: the store writes times and revision over these. */
export interface NewStandard {
  readonly id: string;
  readonly project_id: string;
  readonly description: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly revision_number: number;
  readonly tags: string[];
}

type StandardDraft = { project_id?: string; description?: string; tags?: string[] };

/** The standard fields of a new row: a new id, the project that was asked for or else the caller's. */
export function newStandard(c: Context, draft: Draft<Resource> & StandardDraft): NewStandard {
  return {
    id: c.random.uuid(),
    project_id: draft.project_id ?? c.caller.projectId,
    description: draft.description ?? '',
    created_at: '',
    updated_at: '',
    revision_number: 0,
    tags: draft.tags ?? [],
  };
}
