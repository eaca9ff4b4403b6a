import { API_GROUP, API_VERSION } from '../../meta.ts';
import type { Column } from '../columns.ts';
import type { KindDefinition } from '../define.ts';
import { namesOf, type Kinds } from '../kinds.ts';
import { SPEC_WORDS } from '../schema.ts';
import { statusSchema } from '../served-schema.ts';
import { celPattern, celString } from '../rules.ts';
import { OBJECT_NAME } from '../fields.ts';
import { structural, structuralInput, type StructuralSchema, type Validation } from './structural.ts';

/** The CustomResourceDefinitions of all kinds. */
export function customResourceDefinitions(kinds: Kinds): readonly object[] {
  return kinds.all.map(customResourceDefinition);
}

export function customResourceDefinition(definition: KindDefinition): object {
  const { kind, plural, singular, shortNames } = namesOf(definition);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: 'Cluster',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ['k8slab'] },
      versions: [
        {
          name: API_VERSION.slice(API_GROUP.length + 1),
          served: true,
          storage: true,
          subresources: { status: {} },
          ...selectableFields(definition),
          additionalPrinterColumns: printerColumns(definition),
          schema: { openAPIV3Schema: objectSchema(definition) },
        },
      ],
    },
  };
}

function objectSchema(definition: KindDefinition): StructuralSchema {
  const spec = specSchema(definition);
  return {
    type: 'object',
    description: definition.description,
    properties: {
      // The names of Kubernetes' own objects may have dots.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: NAME.most } } },
      ...(spec === undefined ? {} : { spec }),
      // A daemon of a later release may have more to say than these definitions know.
      status: {
        ...structural(statusSchema(definition), 'status'),
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
    ...(definition.manifest === undefined ? {} : { required: ['spec'] }),
    'x-kubernetes-validations': [NAME.validation],
  };
}

const NAME = {
  most: OBJECT_NAME.most,
  validation: {
    rule: `self.metadata.name.matches(${celString(celPattern(OBJECT_NAME.pattern.source))})`,
    message: OBJECT_NAME.message,
    fieldPath: '.metadata.name',
  } satisfies Validation,
};

function specSchema({ manifest, spec = manifest?.spec }: KindDefinition): StructuralSchema | undefined {
  if (spec === undefined) return undefined;
  const { rules = [], keptWhenAdopted = [] } = manifest ?? {};
  const undefaulted = keptWhenAdopted.map((field) => `spec.${field}`);
  return structuralInput(spec.meta({ description: SPEC_WORDS }), 'spec', { rules, undefaulted });
}

function selectableFields({ selectable }: KindDefinition): object {
  return selectable === undefined
    ? {}
    : { selectableFields: selectable.map((field) => ({ jsonPath: `.${field}` })) };
}

interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
  readonly priority: 0 | 1;
}

/** As `k8slab get` prints them, but for cells that no JSONPath can say. */
function printerColumns({ columns }: KindDefinition): readonly PrinterColumn[] {
  const own = (columns as readonly Column<unknown>[]).flatMap(({ name, jsonPath, wide, always }) =>
    jsonPath === undefined ? [] : [column(name, jsonPath, { wide: wide === true && always !== true })],
  );
  return [
    ...own,
    column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
    column('Status', '.status.conditions[?(@.type=="Ready")].reason'),
    { ...column('Age', '.metadata.creationTimestamp'), type: 'date' },
    column('Message', '.status.conditions[?(@.type=="Ready")].message', { wide: true }),
  ];
}

function column(name: string, jsonPath: string, { wide = false } = {}): PrinterColumn {
  return { name, type: 'string', jsonPath, priority: wide ? 1 : 0 };
}
