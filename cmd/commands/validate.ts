import type { Command } from 'commander';

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('Check manifests, each and all together; needs no daemon')
    .argument('<PATHS...>', 'files, directories, or - for standard input')
    .option('-q, --quiet', 'print errors and warnings only')
    .option('--strict', 'a reference to what is in none of the files is an error')
    .action(async (paths: string[], flags: { quiet?: boolean; strict?: boolean }) => {
      const { validate } = await import('../../src/cli/validate.ts');
      const { errors, warnings, valid } = await validate(paths);
      for (const error of errors) process.stderr.write(`${error}\n`);
      const word = flags.strict === true ? '' : 'warning: ';
      for (const warning of warnings) process.stderr.write(`${word}${warning}\n`);
      if (flags.quiet !== true) for (const line of valid) process.stdout.write(`${line}\n`);
      if (errors.length > 0 || (flags.strict === true && warnings.length > 0)) process.exitCode = 1;
    });
}
