import { useState } from 'preact/hooks';
import type { ChannelChoices, SettingsInput, SettingsSaved } from '../../domain/dashboard.ts';
import { request, type Failure } from '../client/http.ts';
import { useResource } from '../client/use-resource.ts';
import { Button } from '../design/button.tsx';
import { Card } from '../design/card.tsx';
import { describeField, Field } from '../design/field.tsx';
import { BackLink } from '../design/links.tsx';
import { Notice } from '../design/notice.tsx';
import { text } from '../text/index.ts';
import { FailureNotice } from './failure.tsx';

const words = text.settings;
const kinds = ['private', 'public', 'other'] as const;

/** Where new chats appear. */
export function Settings() {
  const { resource, reload } = useResource<ChannelChoices>('/api/channels');
  return (
    <div class="narrow">
      <BackLink href="/dashboard">{words.back}</BackLink>
      <div class="page-head">
        <h1>{words.heading}</h1>
      </div>
      <Card id="channel-heading" heading={text.dashboard.channelHeading}>
        {resource.state === 'failed' ? (
          <FailureNotice failure={resource.failure} title={words.errorHeading} onRetry={reload} />
        ) : resource.state === 'ready' && !resource.data.mayChange ? (
          <ReadOnly channelName={resource.data.selectedName} />
        ) : resource.state === 'ready' && resource.data.channels.length === 0 ? (
          <Notice tone="info" title={words.emptyHeading} role="status">
            <p>{words.empty}</p>
            <Button kind="secondary" onClick={reload}>
              {words.reload}
            </Button>
          </Notice>
        ) : (
          <ChannelForm choices={resource.state === 'ready' ? resource.data : undefined} />
        )}
      </Card>
    </div>
  );
}

/** For members who may not choose. */
function ReadOnly({ channelName }: { channelName: string | null }) {
  return (
    <>
      <p>{channelName === null ? words.noChannel : words.current(channelName)}</p>
      <Notice tone="info" title={words.readOnlyHeading}>
        <p>{words.readOnly}</p>
      </Notice>
    </>
  );
}

type Outcome = { saved: string } | { fieldError: string } | { failure: Failure };

function ChannelForm({ choices }: { choices: ChannelChoices | undefined }) {
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [saving, setSaving] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);

  const known = choices?.channels.some(({ id }) => id === choices.selectedId) === true;
  const value = chosen ?? (known ? (choices.selectedId ?? '') : '');
  const fieldError = outcome !== undefined && 'fieldError' in outcome ? outcome.fieldError : undefined;

  const save = async () => {
    if (choices === undefined || saving) return;
    if (value === '') {
      refuse(words.chooseFirst);
      return;
    }
    setSaving(true);
    setOutcome(undefined);
    const answer = await request<SettingsSaved>('PUT', '/api/settings', { channelId: value } satisfies SettingsInput);
    setSaving(false);
    if (answer.ok) {
      setOutcome({ saved: answer.data.channel.name });
      return;
    }
    const ofField = answer.failure.errors?.find(({ path }) => path === 'channelId');
    if (ofField === undefined) setOutcome({ failure: answer.failure });
    else refuse(ofField.message);
  };

  const refuse = (message: string) => {
    setOutcome({ fieldError: message });
    document.getElementById('channelId')?.focus();
  };

  return (
    <form
      class="stack"
      aria-busy={choices === undefined ? 'true' : undefined}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field id="channelId" label={words.channelLabel} hint={<Hint />} error={fieldError}>
        <select
          id="channelId"
          name="channelId"
          class="input"
          value={value}
          disabled={choices === undefined}
          {...describeField('channelId', { hint: true, error: fieldError !== undefined })}
          onChange={(event) => {
            setChosen(event.currentTarget.value);
            setOutcome(undefined);
          }}
        >
          {choices === undefined ? (
            <option value="">{words.loading}</option>
          ) : (
            <>
              {value === '' ? <option value="">{words.choose}</option> : null}
              {kinds.map((kind) => (
                <ChannelGroup key={kind} kind={kind} choices={choices} />
              ))}
            </>
          )}
        </select>
      </Field>
      <div class="settings-save">
        <Button type="submit" unavailable={choices === undefined || saving}>
          {saving ? words.saving : words.save}
        </Button>
        <p class="settings-saved" role="status">
          {outcome !== undefined && 'saved' in outcome ? words.saved(outcome.saved) : ''}
        </p>
      </div>
      {outcome !== undefined && 'failure' in outcome ? (
        <FailureNotice failure={outcome.failure} title={words.saveFailed} />
      ) : null}
    </form>
  );
}

function Hint() {
  return (
    <>
      <p>{words.channelHint}</p>
      <p>{words.channelPrivacy}</p>
    </>
  );
}

function ChannelGroup({ kind, choices }: { kind: (typeof kinds)[number]; choices: ChannelChoices }) {
  const channels = choices.channels.filter((channel) => channel.kind === kind);
  if (channels.length === 0) return null;
  return (
    <optgroup label={words.kinds[kind]}>
      {channels.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}
