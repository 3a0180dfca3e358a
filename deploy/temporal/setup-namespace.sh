#!/bin/sh
# Creates the namespace with its retention, and the search attributes by which operators find chats and installs. Runs
# to its end before api and worker start; running it again only brings the retention up to date.
# TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and NAMESPACE_RETENTION say where and what.
set -eu

# The command line reads the server's address and the namespace from the environment.
attempt=1
until temporal operator cluster health >/dev/null 2>&1; do
  if [ "$attempt" -ge 60 ]; then
    echo "Temporal at $TEMPORAL_ADDRESS does not answer." >&2
    exit 1
  fi
  attempt=$((attempt + 1))
  sleep 1
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION" >/dev/null
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION" >/dev/null
fi

add_search_attribute() {
  attempt=1
  # A namespace that was made just now is not known to every part of the server at once.
  until known=$(temporal operator search-attribute list 2>/dev/null); do
    if [ "$attempt" -ge 60 ]; then
      echo "The search attributes of $TEMPORAL_NAMESPACE cannot be read." >&2
      exit 1
    fi
    attempt=$((attempt + 1))
    sleep 1
  done
  case $known in
    *"$1"*) ;;
    *) temporal operator search-attribute create --name "$1" --type "$2" >/dev/null ;;
  esac
}

add_search_attribute LiveChatAccount Keyword
add_search_attribute LiveChatStatus Keyword
add_search_attribute LiveChatAgents KeywordList
add_search_attribute LiveChatChannel Keyword
add_search_attribute LiveChatWaitsFor Keyword
echo "The namespace $TEMPORAL_NAMESPACE is ready; histories of closed workflows are kept for $NAMESPACE_RETENTION."
