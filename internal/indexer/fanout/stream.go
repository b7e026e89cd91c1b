package fanout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// field is the one field of a message: the number of the feed's last entry.
const field = "head"

// beginning is the id before every message.
const beginning = "0-0"

// read hears messages for as long as ctx lasts.
func (f *Fanout) read(ctx context.Context, client *redis.Client) {
	at := ""
	for ctx.Err() == nil {
		var err error
		if at, err = f.hear(ctx, client, at); err != nil {
			at = ""
			f.attempted(ctx, reading, fmt.Errorf("read the fan-out's stream: %w", err))
			pause(ctx, retryPause)
		}
	}
}

// hear takes messages until none comes for a moment. at is the last one heard of, empty if there is no connection yet; it returns the new one.
//
// It begins with the newest message, whatever its id: after a flush, or with another server behind the address, ids may begin below at.
func (f *Fanout) hear(ctx context.Context, client *redis.Client, at string) (string, error) {
	within := answerTime
	if at == "" {
		within = connectTime
	}
	newest, err := f.last(ctx, client, within)
	if err != nil {
		return at, err
	}
	f.attempted(ctx, reading, nil)
	if newest.ID != at && newest.ID != beginning {
		f.take(newest)
	}
	for at = newest.ID; ; {
		messages, err := f.next(ctx, client, at)
		if err != nil || len(messages) == 0 {
			return at, err
		}
		for _, m := range messages {
			f.take(m)
		}
		at = messages[len(messages)-1].ID
	}
}

// last is the newest message, or one with the id beginning.
func (f *Fanout) last(ctx context.Context, client *redis.Client, within time.Duration) (redis.XMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	messages, err := client.XRevRangeN(ctx, f.key, "+", "-", 1).Result()
	if err != nil || len(messages) == 0 {
		return redis.XMessage{ID: beginning}, err
	}
	return messages[0], nil
}

// next are the messages after at, none if there is none for blockTime.
func (f *Fanout) next(ctx context.Context, client *redis.Client, at string) ([]redis.XMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, blockTime+answerTime)
	defer cancel()
	streams, err := client.XRead(ctx, &redis.XReadArgs{Streams: []string{f.key, at}, Count: keptMessages, Block: blockTime}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return streams[0].Messages, nil
}

// take makes a message known to look, unless it is no news. One that cannot be read may be of another version of us: it is news.
func (f *Fanout) take(m redis.XMessage) {
	f.metrics.messages.Inc()
	text, _ := m.Values[field].(string)
	head, err := strconv.ParseInt(text, 10, 64)
	if err == nil && head <= f.config.Bus.Head() {
		return
	}
	raise(&f.told, head)
	signal(f.heard)
}

// publish sends the newest head whenever there is a newer one.
func (f *Fanout) publish(ctx context.Context, client *redis.Client) {
	for sent := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-f.fresh:
		}
		for head := f.newest.Load(); head > sent && ctx.Err() == nil; head = f.newest.Load() {
			err := f.send(ctx, client, head)
			f.attempted(ctx, publishing, err)
			if err != nil {
				pause(ctx, retryPause)
				continue
			}
			sent = head
		}
	}
}

func (f *Fanout) send(ctx context.Context, client *redis.Client, head int64) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	err := client.XAdd(ctx, &redis.XAddArgs{Stream: f.key, MaxLen: keptMessages, Values: []any{field, head}}).Err()
	if err != nil {
		return fmt.Errorf("publish entry %d: %w", head, err)
	}
	return nil
}
