// Finds public names of TypeScript without a doc comment, parameters without a word, and functions that throw without saying so.
import { type Comment, type DeclarationReflection, ReflectionKind, type SignatureReflection } from 'typedoc';
import type { Packages } from './reference-typescript.js';

const WITH_SUMMARY =
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias |
  ReflectionKind.Variable |
  ReflectionKind.Enum |
  ReflectionKind.EnumMember |
  ReflectionKind.Property;

const says = (comment: Comment | undefined) =>
  comment !== undefined && (comment.hasVisibleComponent() || comment.blockTags.length > 0);

/** One line for each thing that is missing: `@streamlib/runtime: Runtime.add: parameter "id" is not described`. */
export function missingInTypescript({ project, throwing }: Packages): string[] {
  return (project.children ?? []).flatMap((module) =>
    (module.children ?? []).flatMap((child) =>
      missingIn(child, throwing, child.name).map((line) => `${module.name}: ${line}`),
    ),
  );
}

function missingIn(
  reflection: DeclarationReflection,
  throwing: Packages['throwing'],
  path: string,
): string[] {
  if (reflection.inheritedFrom !== undefined) return [];
  const found: string[] = [];
  if (reflection.kindOf(WITH_SUMMARY) && reflection.signatures === undefined && !says(reflection.comment))
    found.push(`${path}: has no doc comment`);
  const signatures = [...(reflection.signatures ?? [])];
  if (reflection.getSignature !== undefined) signatures.push(reflection.getSignature);
  else if (reflection.setSignature !== undefined) signatures.push(reflection.setSignature);
  for (const signature of signatures) found.push(...missingInSignature(signature, path));
  if (signatures.length > 0 && throwing.has(reflection) && !signatures.some(saysThrows))
    found.push(`${path}: throws, without a @throws`);
  for (const child of reflection.children ?? [])
    found.push(...missingIn(child, throwing, `${path}.${child.name}`));
  return found;
}

function missingInSignature(signature: SignatureReflection, path: string): string[] {
  const found: string[] = [];
  // What a constructor is for, its class says.
  if (!signature.kindOf(ReflectionKind.ConstructorSignature) && !says(signature.comment))
    found.push(`${path}: has no doc comment`);
  for (const parameter of signature.parameters ?? [])
    if (!says(parameter.comment)) found.push(`${path}: parameter "${parameter.name}" is not described`);
  return found;
}

const saysThrows = ({ comment }: SignatureReflection) =>
  comment?.blockTags.some(({ tag }) => tag === '@throws') === true;
