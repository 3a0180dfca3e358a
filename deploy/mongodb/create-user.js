// Runs once, when MongoDB starts with an empty volume: the user that api and worker connect as. It may read and write
// its own database, indexes included, and nothing else.
db.getSiblingDB('live_chat').createUser({
  user: 'live_chat',
  pwd: process.env.LIVE_CHAT_MONGODB_PASSWORD,
  roles: [{ role: 'readWrite', db: 'live_chat' }],
});
