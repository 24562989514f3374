/// Flume's Avro protocol, as its peers name it on the wire.
enum FlumeProtocol {
    /// The MD5 of the protocol text of Flume 1.9 to 1.11 (built with Avro up to 1.11.0). What we call ourselves, so that a
    /// released Flume answers BOTH at once.
    static let hash: [UInt8] = [
        0x86, 0xaa, 0xda, 0xe2, 0xc4, 0x54, 0x74, 0xc0, 0xfe, 0x93, 0xff, 0xd0, 0xf2, 0x35, 0x0a, 0x65,
    ]

    /// Every hash under which the same protocol is known.
    static let knownHashes: [[UInt8]] = [
        hash,
        // Flume after 1.11.0, built with Avro 1.11.1: the licence comment is printed differently.
        [0x80, 0x76, 0xc5, 0x37, 0x14, 0xe0, 0x1f, 0x6e, 0x2c, 0x1d, 0xeb, 0x95, 0x44, 0xe7, 0xb1, 0xfe],
        // The protocol without its licence comment, as clients in other languages compute it.
        [0x30, 0xda, 0x54, 0x05, 0x9d, 0xf7, 0x2d, 0x95, 0x84, 0xb8, 0x67, 0xd5, 0x20, 0x2e, 0x20, 0x69],
    ]

    /// The text behind `hash`: 1,334 bytes, a constant of the wire. Sent to a peer that does not know the hash.
    static let text = #"""
        {"protocol":"AvroSourceProtocol","namespace":"org.apache.flume.source.avro","doc":"* Licensed to the\#
         Apache Software Foundation (ASF) under one\n * or more contributor license agreements.  See the NOT\#
        ICE file\n * distributed with this work for additional information\n * regarding copyright ownership\#
        .  The ASF licenses this file\n * to you under the Apache License, Version 2.0 (the\n * \"License\")\#
        ; you may not use this file except in compliance\n * with the License.  You may obtain a copy of the\#
         License at\n *\n * http://www.apache.org/licenses/LICENSE-2.0\n *\n * Unless required by applicable\#
         law or agreed to in writing,\n * software distributed under the License is distributed on an\n * \"\#
        AS IS\" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY\n * KIND, either express or implied.  See the\#
         License for the\n * specific language governing permissions and limitations\n * under the License."\#
        ,"types":[{"type":"enum","name":"Status","symbols":["OK","FAILED","UNKNOWN"]},{"type":"record","name\#
        ":"AvroFlumeEvent","fields":[{"name":"headers","type":{"type":"map","values":"string"}},{"name":"bod\#
        y","type":"bytes"}]}],"messages":{"append":{"request":[{"name":"event","type":"AvroFlumeEvent"}],"re\#
        sponse":"Status"},"appendBatch":{"request":[{"name":"events","type":{"type":"array","items":"AvroFlu\#
        meEvent"}}],"response":"Status"}}}
        """#
}
