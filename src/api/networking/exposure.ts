/** What of the model exists under the configured extensions: resources with their operations, and the fields clients see. */
import type { Field, Resource } from '../../model/language.ts';
import type { Operations } from '../../operations/context.ts';
import { publishedAliases } from '../../rules/extensions.ts';
import type { NetworkingSettings } from '../../rules/settings.ts';

// biome-ignore lint/suspicious/noExplicitAny: the engine serves every resource; each one's operations are typed where they are written.
export type AnyOperations = Operations<any>;

/** The operations of each resource, by its name. */
export type OperationsByName = Readonly<Record<string, AnyOperations>>;

/** A row of whichever resource. */
export type AnyRow = Record<string, unknown>;

/** A resource as this server serves it. */
export interface Exposed {
  readonly resource: Resource;
  readonly operations: AnyOperations;
  /** The fields that exist for clients, in the model's order. */
  readonly fields: ReadonlyMap<string, Field<unknown>>;
  /** The published extensions. */
  readonly aliases: ReadonlySet<string>;
  /** The resource whose row the path names in front. */
  readonly parent: Exposed | undefined;
}

/** Everything that the server serves, by the resource's name. */
export type Exposure = ReadonlyMap<string, Exposed>;

/** Whether lists can be filtered and sorted by the field: it is a column, or shows one under another name. */
export function hasColumn(field: Field<unknown>): boolean {
  return field.stored !== false || field.column !== undefined;
}

function existingFields(resource: Resource, aliases: ReadonlySet<string>): Map<string, Field<unknown>> {
  const exists = (field: Field<unknown>) => !field.hidden && (field.alias === undefined || aliases.has(field.alias));
  return new Map(Object.entries(resource.fields).filter(([, field]) => exists(field)));
}

/** The resources of the model whose extension is switched on and that have operations. */
export function exposeModel(
  resources: readonly Resource[],
  operations: OperationsByName,
  settings: NetworkingSettings,
): Exposure {
  const aliases = publishedAliases(settings);
  const exposure = new Map<string, Exposed>();
  for (const resource of resources) {
    const own = operations[resource.name];
    const parent = resource.parent ? exposure.get(resource.parent.resource) : undefined;
    if (!own || !aliases.has(resource.alias) || (resource.parent && !parent)) continue;
    exposure.set(resource.name, {
      resource,
      operations: own,
      fields: existingFields(resource, aliases),
      aliases,
      parent,
    });
  }
  return exposure;
}
