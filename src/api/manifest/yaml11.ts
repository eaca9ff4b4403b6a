import { placeAt, type PlaceTree } from './places.ts';
import type { FieldIssue, FieldPath } from './types.ts';

/** What PyYAML takes for a boolean, an octal number, a number of base 60 or one with underscores, and YAML 1.2 does not. */
const OTHER_IN_YAML_11 =
  /^(yes|no|on|off|[-+]?0[0-9_]+|0o[0-7]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+|[-+]?[0-9]+_[0-9_]*)$/i;

/** Whether a plain scalar means one thing in YAML 1.2 and another in YAML 1.1. */
export function isOtherInYaml11(text: string): boolean {
  return OTHER_IN_YAML_11.test(text);
}

/** An issue for each value below the field that a reader of YAML 1.1 would take for something else. */
export function yaml11Issues(tree: PlaceTree, path: FieldPath): readonly FieldIssue[] {
  const place = placeAt(tree, path);
  return place === undefined ? [] : below(place, path);
}

function below({ written, names, children = [] }: PlaceTree, path: FieldPath): readonly FieldIssue[] {
  if (written !== undefined && isOtherInYaml11(written)) {
    const message = `${written} means another thing to the program that reads it, which takes it for YAML 1.1`;
    return [
      {
        path,
        code: 'InvalidValue',
        message,
        hint: `write it in quotes: "${written}", or as true, false or a plain number`,
      },
    ];
  }
  return children.flatMap((child, index) => below(child, [...path, names?.[index] ?? index]));
}
