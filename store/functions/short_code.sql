-- The code of a number: 8 characters of 0-9, A-Z, a-z. Different numbers have different codes, and without the secret
-- neither tells anything about the other: the number's 48 bits pass four rounds of a Feistel network,
-- again until the result is below 62^8.
create or replace function short_code(p_number bigint, p_secret bytea) returns text language plpgsql immutable strict as $$
declare
    v_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    v_value  bigint := p_number;
    v_left   bigint;
    v_right  bigint;
    v_hash   bytea;
    v_code   text := '';
begin
    loop
        v_left := v_value >> 24;
        v_right := v_value & 16777215;
        for v_round in 1 .. 4 loop
            v_hash := sha256(p_secret || int8send(v_right | (v_round::bigint << 32)));
            v_value := v_left # ((get_byte(v_hash, 0) << 16) | (get_byte(v_hash, 1) << 8) | get_byte(v_hash, 2));
            v_left := v_right;
            v_right := v_value;
        end loop;
        v_value := (v_left << 24) | v_right;
        exit when v_value < 218340105584896;
    end loop;
    for v_place in 1 .. 8 loop
        v_code := v_code || substr(v_digits, (v_value % 62)::integer + 1, 1);
        v_value := v_value / 62;
    end loop;
    return v_code;
end $$;
