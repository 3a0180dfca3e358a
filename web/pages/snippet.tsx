import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Skeleton } from '../design/skeleton.tsx';
import { text } from '../text/index.ts';

const words = text.dashboard;
/** "Copied" stays long enough to be read and heard, and goes so that a second copy is announced again. */
const copiedMs = 4_000;

/** The widget's code with a Copy button. */
export function Snippet({ code }: { code: string | undefined }) {
  const block = useRef<HTMLElement>(null);
  const [status, setStatus] = useState('');

  useEffect(() => {
    if (status !== words.copied) return;
    const timer = setTimeout(() => setStatus(''), copiedMs);
    return () => clearTimeout(timer);
  }, [status]);

  const copy = async () => {
    if (code === undefined) return;
    setStatus('');
    setStatus((await copyText(code, block.current)) ? words.copied : words.copyFailed);
  };

  return (
    <div class="snippet">
      <pre class="snippet-code" role="group" aria-label={words.snippetLabel}>
        <code ref={block}>{code ?? <Skeleton length="long" />}</code>
      </pre>
      <div class="snippet-copy">
        <Button kind="secondary" unavailable={code === undefined} onClick={() => void copy()}>
          {words.copy}
        </Button>
        <span role="status">{status}</span>
      </div>
    </div>
  );
}

/** Copies by the clipboard API where there is one; else selects the text, so that the keys for copying do it. */
async function copyText(code: string, element: HTMLElement | null): Promise<boolean> {
  try {
    // Not there on plain http other than localhost, whatever its type says.
    await navigator.clipboard.writeText(code);
    return true;
  } catch {
    if (element !== null) getSelection()?.selectAllChildren(element);
    return false;
  }
}
