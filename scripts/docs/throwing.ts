// Which functions throw, by their own code: TypeDoc's model has comments and types, but no bodies.
import { type Application, type Context, Converter, type DeclarationReflection } from 'typedoc';
import ts from 'typescript';

/** Collects, while `app` converts, the functions whose own body has a `throw`. What functions inside it do is theirs. */
export function collectThrowing(app: Application): ReadonlySet<DeclarationReflection> {
  const found = new Set<DeclarationReflection>();
  app.converter.on(
    Converter.EVENT_CREATE_DECLARATION,
    (context: Context, reflection: DeclarationReflection) => {
      const declarations = context.getSymbolFromReflection(reflection)?.declarations ?? [];
      if (declarations.some((declaration) => ts.isFunctionLike(declaration) && bodyThrows(declaration)))
        found.add(reflection);
    },
  );
  return found;
}

function bodyThrows(declaration: ts.SignatureDeclaration): boolean {
  const body = 'body' in declaration ? declaration.body : undefined;
  return body !== undefined && hasThrow(body);
}

function hasThrow(node: ts.Node): boolean {
  if (ts.isThrowStatement(node)) return true;
  if (ts.isFunctionLike(node)) return false;
  return ts.forEachChild(node, (child) => hasThrow(child) || undefined) === true;
}
